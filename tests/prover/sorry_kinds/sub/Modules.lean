module

public import Init import all Init.Data.List.Basic
meta import Init.Core

@[expose] public section

def three : Nat := 3

public theorem of_three : three + 1 = 4 := by
  sorry

end
