"""What the checks of the rubric look at, by theme. Each function takes the material and concludes; none raises."""
