"""How strangers' code is contained: the parts that the launcher applies, and the probe that tries whether they hold.

`landlock`, `seccomp` and `connections` run inside the launcher and import nothing but the standard library's fastest
parts; `levels` and `probe` are for everybody else. What a program may touch is said by `gate.confinement`.
"""
