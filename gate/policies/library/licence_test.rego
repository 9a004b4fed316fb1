package terrasmith.licence_test

case(file, name, told) := {
	"policy": "licence",
	"input": {"module": {"licence_file": file, "licence": name}},
	"settings": {"licences": ["Apache-2.0"]},
	"deny": told,
}

test_an_accepted_one_passes := case("LICENSE", "Apache-2.0", 0)

test_another_one_is_told := case("LICENSE", "GPL-3.0", ["GPL-3.0"])

test_none_is_told := case(null, null, ["no LICENSE"])

test_an_unknown_one_is_told := case("LICENSE", null, ["none that is known"])
