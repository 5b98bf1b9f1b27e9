"""Attacks on the expression language that try to get out."""

from __future__ import annotations

WALKS = """
().__class__
().__class__.__bases__[0].__subclasses__()
''.__class__.__mro__[1].__subclasses__()
[].__class__.__base__
{}.__class__
(1).__class__
1 .__class__
1.0.__class__.__mro__
true.__class__
thing.__class__
thing.__class__.__init__.__globals__
thing.__dict__
thing.token
thing.secret
thing.method
thing.method()
thing['token']
thing['__class__']
thing.__reduce__()
thing.__reduce_ex__(2)
thing.__init__.__globals__['__builtins__']
kind.secret
kind.__subclasses__()
kind()
kind('x')
function()
function.__globals__
function.__code__
function.__closure__
module.main
module.__loader__
module.__builtins__
text.__class__
text.format(thing)
text.format_map({'a': thing})
text.__format__('')
text.__mod__(thing)
text % thing
'{0.__class__}'.format(thing)
'%s' % thing
'%1000000000d' % 1
'%*d' % [1000000000, 1]
'{:>1000000000}'.format(1)
f'{thing.token}'
f"{1:>1000000000}"
rf'{thing}'
b'a'.decode()
str.format('{}', thing)
str.__subclasses__()
len.__globals__
len.__self__
upper.__call__('x')
upper.__code__
inputs.__class__
inputs.keys()
inputs.items()
inputs.get('limit')
inputs['__class__']
env.__class__
env.copy()
env.get('HOME')
context.__class__
context['__class__']
context.run_id.__class__
find.rows.__class__
find.rows.append(1)
find.rows.pop()
find.__class__
find.clear()
find.update({'a': 1})
find.rows.*.__class__
find.rows.*.__class__.__name__
find.rows.*.keys()
one.real
one.__add__(1)
one.to_bytes(8)
one.bit_length()
key | __import__
thing | getattr('token')
getattr(thing, 'token')
setattr(thing, 'token', 1)
hasattr(thing, 'token')
vars(thing)
dir(thing)
type(thing)
type('X', [], {})
object()
globals()
locals()
eval('1')
exec('1')
compile('1', '', 'eval')
open('/etc/passwd')
input()
print(1)
exit()
quit()
help()
breakpoint()
memoryview(long)
bytearray(9)
isinstance(1, int)
super()
iter([1])
next([1])
id(1)
hash(1)
chr(97)
ord('a')
pow(2, 99999)
divmod(1, 2)
sorted([1, 2], key=len)
sorted([thing], key='token')
sorted(find.rows, key='__class__')
min([1], key=str)
max(find.rows, default=thing)
__import__('os')
__import__('os').system('id')
__builtins__
__builtins__['eval']
__name__
__file__
__loader__
__spec__
__debug__
F
F.v
F.call
F.inputs
F.up
B
B[0]
I
T
step_field
step_field(F, 'x')
field(thing, 'token')
at(thing, 'token')
add(1, 2)
fresh('x')
template([1])
environment
f_len
f_len(B, 1)
with_work
marshal
marshal.loads('x')
object_1
map_key(1)
_
__kw_pluck
find.__kw_pluck
find.rows.__kw_pluck.id
__kw_import
lambda: 1
(lambda: 1)()
(lambda x: x.token)(thing)
[x for x in [1]]
{x for x in [1]}
{x: 1 for x in [1]}
(x for x in [1])
[thing.token for x in [1]]
(x := 1)
(F := 1)
(B := [999999999])
x = 1
one = 2
del one
import os
from os import system
assert 1
raise one
return 1
yield 1
(yield)
(yield from [1])
await one
async def f(): pass
class X: pass
def f(): pass
global one
nonlocal one
pass
1; 2
1
2
*[1]
[*inputs.items]
{**find}
{*inputs.items}
len(*[1])
len(**find)
len(x=1)
len(B=1, value=2)
upper(work=1, text='a')
default(__class__=1, otherwise=2)
print
...
1j
None.__class__
one if thing.token else 2
one.__class__ | default('x')
thing.token | default('safe')
default(thing.__class__, 'safe')
thing[0]
thing[0:1]
thing.*
thing.*.token
thing + thing
thing < thing
thing in thing
-thing
thing()()
thing @ thing
one @ one
one ** one
9 ** 9 ** 9
1 << 99999999
one >> 1
one ^ 1
~one
one is thing
one.ｒeal
thing.ｔoken
thing.__ｃlass__
ｔhing.token
__ｉmport__('os')
ｅval('1')
ｌen(thing)
ﬀ
thing.tok​en
thing\u202e.token
µ
ª.__class__
'\\x5f\\x5fclass__'
thing['\\x5f\\x5fclass\\x5f\\x5f']
thing['\\N{LOW LINE}_class__']
"" "a" 'b'
'''a'''
r'\\'
u'x'
`one`
$one
one$
one?
one#comment
one\\
\\
0x
1_000
1__0
0o17
0b11
1e999
-1e999
1e999 - 1e999
1e999 // 1
1e999 % 2
int(1e999)
round(1e999)
int('1e9999')
int('9' * 4000)
float('1e9999')
float('nan')
range(1e999)
date(1e300)
date('9999-12-31') + (date('9999-12-31') - date('0001-01-01'))
""".strip("\n").split("\n")
