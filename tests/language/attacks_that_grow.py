"""Attacks on the expression language that try to grow, or to keep the parser busy."""

from __future__ import annotations

BOMBS = """
'a' * 1000000000
1000000000 * 'a'
'a' * 1048576 * 1048576
[0] * 1000000000
[0] * 10**9
[[0] * 100000] * 100000
[[[0] * 50] * 50] * 50
range(10000000000) * 0
range(10000000000) + []
range(10000000000)[0:9999999999]
range(4611686018427387904)
range(-4611686018427387904, 4611686018427387904)
range(99999999999999999999999)
len(range(1000000000000))
sum(range(1000000000))
sorted(range(1000000000))
reversed(range(1000000000))
unique(range(1000000000))
min(range(1000000000))
max(range(1000000000))
any(range(1000000000))
all(range(1, 1000000000))
join(range(1000000000), '')
json(range(1000000000))
str(range(1000000000))
zip(range(1000000000), range(1000000000))
range(1000000000).*.x
'x' in range(1000000000)
0.5 in range(1000000000)
range(1000000000) == range(1000000000)
range(1000000000) == [1]
first(range(1000000000))
number * number
number + 1
number // 3
number % 3
number / 3
-number
number == number
number < number
str(number)
json(number)
int(number)
float(number)
round(number, 2)
abs(number)
format_number(number)
sum([number, number])
number in [number]
[number, number] | sorted
len(str(9999999999)) * 'a'
9999999999 * 9999999999 * 9999999999
format_number(1, 1000000000)
format_number(1e308, 50)
round(1, 1000000000)
round(1, -1000000000)
bomb == bomb2
bomb != bomb2
bomb in [bomb2]
bomb2 in bomb
unique([bomb, bomb2])
unique(bomb)
json(bomb)
str(bomb)
join(bomb, ',')
bomb < bomb2
sorted(bomb)
bomb.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*
endless == endless
unique(endless)
json(endless)
str(endless)
join(endless)
endless in endless
endless.*.*.*.*.*.*.*.*.*
long + long
long + 'a'
long * 2
long == long2
long < long2
long in long2
long2 in long
long[1:] in long
'b' in long
long | upper
long | lower
long | trim
long | split('a')
long | split
long | replace('a', 'bb')
long | replace('a', '')
long | json
long | parse_json
long | int
long | float
long | date
long | reversed
long | len
long == 1
1 < long
startswith(long, long)
endswith(long2, long)
contains(long, 'aaab')
longs | sorted
longs | unique
longs | join(',')
longs | max
longs | json
longs == longs
long in longs
long2 in longs
longs.*[0]
longs.*[1:].*[1:]
[long, long] | join
{'a': long, 'b': long} | json
[long] * 100000 | join
[long] * 100000 | unique
[long] * 100000 | sorted
[long] * 100000 == [long2] * 100000
long2 in [long] * 100000
big | sum
big + big
big * 2
big == big
big | sorted | reversed
big.*.x.y.z
[big] * 100000
[big] * 100000 | json
[big, big] | json
replace('a' * 1000, 'a', 'b' * 1000000)
replace('a' * 1000, 'a', 'b' * 1000) | replace('b', 'c' * 100)
join(['a' * 1000] * 100000, '')
join([''] * 100000, 'a' * 1000)
split('a' * 1000000, 'a')
('a,' * 500000) | split(',')
parse_json('[' * 100000)
parse_json('[' * 5000)
parse_json('[[],' * 5000 + '1' + ']' * 5000)
parse_json('9' * 100000)
parse_json('{"a":' * 900 + '1' + '}' * 900) | json
range(100000)
zip(range(10000), range(10000), range(10000), range(10000), range(10000), range(10000))
items({'a': 1}) * 1000000
""".strip("\n").split("\n")

BUILT = [
    "(" * 9000,
    "(" * 4990 + "1" + ")" * 4990,
    "[" * 9000,
    "[" * 4990 + "]" * 4990,
    "{" * 9000,
    "{1:" * 2000,
    "{" * 40 + ":a",
    "(" * 49 + "a",
    "[" * 49 + "1 2" + "]" * 49,
    "((" * 24 + "lambda",
    "not " * 2400 + "1",
    "-" * 9000 + "1",
    "!" * 9000 + "1",
    "+-" * 4500 + "1",
    "1" + "+1" * 4900,
    "1" + "<1" * 4900,
    "1" + " and 1" * 1600,
    "1" + " or 0" * 1600,
    "one" + ".a" * 4900,
    "one" + "[0]" * 3300,
    "one" + ".*" * 4900,
    "rows" + ".*" * 40,
    "1 if 1 else " * 800 + "1",
    "1" + " | str" * 1600,
    "len(" * 2400 + "1",
    "len(" * 49 + "[]" + ")" * 49,
    "default(" * 48 + "one" + ", 1)" * 48,
    "'" + "a" * 9990 + "'",
    "'" + "a" * 9999,
    "'" * 9999,
    '"' * 10_000,
    "\\" * 9999,
    "'" + "\\" * 9996 + "'",
    "9" * 9999,
    "9" * 4299,
    "0x" + "f" * 9990,
    "1e" + "9" * 9990,
    "1." + "9" * 9990,
    "a" * 9999,
    "é" * 9999,
    "\u0000" * 100,
    "\ufeffone",
    "one\u200b",
    "\U0001f600",
    "=" * 9999,
    "|" * 9999,
    "&" * 9999,
    "<" * 9999,
    "< " * 4999,
    ",".join("1" for _ in range(4999)),
    "[" + ",".join("[]" for _ in range(3000)) + "]",
    "{" + ",".join(f"{n}:{n}" for n in range(900)) + "}",
    "'a'" + "+'a'" * 40,
    "('a' * 1000000)" + "+('a' * 1000000)" * 40,
    "[" + ",".join("long + ''" for _ in range(900)) + "]",
    "[" + ",".join("big + []" for _ in range(900)) + "]",
    "[" + ",".join("big[1:]" for _ in range(1000)) + "]",
    "[" + ",".join("big == big" for _ in range(900)) + "]",
    "[" + ",".join("sum(big)" for _ in range(900)) + "]",
    "[" + ",".join("long[1:]" for _ in range(1000)) + "]",
    "[" + ",".join("long == long2" for _ in range(700)) + "]",
    "[" + ",".join("'b' in long" for _ in range(800)) + "]",
    "[" + ",".join("upper(long)" for _ in range(800)) + "]",
    "[" + ",".join("json(rows)" for _ in range(900)) + "]",
    "[" + ",".join("range(9999)" for _ in range(800)) + "]",
    "big.*[" + "+".join("one" for _ in range(45)) + "]",
    "big.*" + ".a" * 45,
    "[" * 3 + "'a' * 100000" + "] * 1000" * 3,
    "'a'" + " * 2" * 45,
    "[1]" + " * 2" * 45,
    "9" * 1000 + (" * " + "9" * 1000) * 8,
    " " * 9000 + "1",
    "\n" * 9000 + "1",
    "one" + " " * 9000 + "=" + "!",
    "<" + " " * 9000 + "!",
    "$" * 5000,
    "${" * 3000,
    "${" * 3000 + "}" * 3000,
    "}" * 5000 + "{" * 4000,
    "A:" + "a" * 9990,
    "A:" * 4990,
    "1if" * 3000,
    "1or 1or " * 1000 + "1",
    "\r\f\v" * 3000,
    "one.\n" * 1900 + "a",
]
