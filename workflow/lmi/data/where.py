"""Conditions on samples: `where: cell_type == "B" and n_counts > 500`.

A condition is parsed and evaluated here, node by node: columns, texts, numbers, comparisons, `in`,
`and`, `or`, `not`. Nothing else is taken, so that no config can run code.
"""

import ast
import operator
import re

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest

COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
MAX_NODES = 1000
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`([^`]*)`")
EXAMPLE = 'cell_type == "B" and n_counts > 500'


def columns_of(condition):
    """Return the names of the columns that a condition speaks of.

    Raises
    ------
    InputError
        A condition that is none.
    """
    tree, names = _parsed(condition)
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(names.get(name, name) for name in used))


def fulfilled(condition, columns, where):
    """Return which samples fulfil a condition.

    Parameters
    ----------
    condition : str
    columns : dict of str to array
        Numbers or texts; NaN or None where a value is missing, which equals nothing.
    where : str
        Where the columns are from, for messages.

    Returns
    -------
    bool array, shape (n_samples,)

    Raises
    ------
    InputError
        A condition that is none; texts compared with numbers, or with one that no sample has.
    """
    tree, names = _parsed(condition)
    return _value(tree, columns, names, condition, where)


def _fail(condition, what):
    raise InputError(
        f"where: expected a condition such as '{EXAMPLE}', found '{condition}': {what}. Columns, "
        "texts in quotes, numbers, comparisons, in [...], and, or, not and brackets are allowed; "
        "a column whose name is no word stands in backticks"
    )


def _parsed(condition):
    """Return the tree of a condition, and {word: name of a column in backticks}."""
    names = {}

    def replace(match):
        if match.group(1) is None:
            return match.group(0)
        word = f"column_in_backticks_{len(names)}"
        names[word] = match.group(1)
        return word

    try:
        tree = ast.parse(_QUOTED.sub(replace, condition).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _fail(condition, getattr(error, "msg", None) or str(error))
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        _fail(f"{condition[:60]}...", f"it has more than {MAX_NODES} parts")
    _check(tree, condition)
    return tree, names


def _check(node, condition):
    """Refuse whatever is no condition."""
    match node:
        case ast.BoolOp(values=values):
            for one in values:
                _check(one, condition)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand, condition)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [left, *others]
            if not any(isinstance(side, ast.Name) for side in sides):
                _fail(condition, "a comparison names no column")
            for op, side in zip([None, *ops], sides, strict=True):
                is_list = isinstance(op, ast.In | ast.NotIn)
                if op is not None and not is_list and type(op) not in COMPARISONS:
                    _fail(condition, "this comparison means nothing here; write == or !=")
                if is_list and not isinstance(side, ast.List | ast.Tuple | ast.Set):
                    _fail(condition, "`in` needs a list, such as in ['B', 'T']")
                if not is_list and not isinstance(side, ast.Name):
                    _constant(side, condition)
                if is_list:
                    for item in side.elts:
                        _constant(item, condition)
        case ast.Name():
            pass
        case _:
            _fail(condition, f"'{ast.unparse(node)[:60]}' is no comparison")


def _constant(node, condition):
    """Return the number, text or truth value of a node."""
    match node:
        case ast.Constant(value=str() | bool() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return _fail(condition, f"'{ast.unparse(node)[:60]}' is no column, text or number")


def _value(node, columns, names, condition, where):
    """Return a bool for each sample."""

    def column(name):
        name = names.get(name, name)
        if name not in columns:
            raise InputError(
                f"where: '{where}' has no column '{name}'{suggest(name, columns)}. Columns: "
                f"{some(columns)}. Texts stand in quotes"
            )
        return columns[name]

    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_value(one, columns, names, condition, where) for one in values]
            joined = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return joined.reduce(parts)
        case ast.UnaryOp(operand=operand):
            return ~_value(operand, columns, names, condition, where)
        case ast.Name(id=name):
            return _truth(column(name), names.get(name, name), condition)
    sides = [node.left, *node.comparators]
    parts = []
    for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(left, ast.Name):
                _fail(condition, "a column stands before `in`")
            values, name = column(left.id), names.get(left.id, left.id)
            wanted = [_constant(item, condition) for item in right.elts]
            equal = [_compared(values, operator.eq, one, name, where) for one in wanted]
            inside = np.logical_or.reduce(equal) if equal else np.zeros(len(values), bool)
            parts.append(~inside if isinstance(op, ast.NotIn) else inside)
            continue
        a, b = (
            column(side.id) if isinstance(side, ast.Name) else _constant(side, condition)
            for side in (left, right)
        )
        compare = COMPARISONS[type(op)]
        if not isinstance(left, ast.Name):  # a number before a column: 3 < n
            a, b, compare = b, a, lambda x, y, op=compare: op(y, x)
        name = next(names.get(s.id, s.id) for s in (left, right) if isinstance(s, ast.Name))
        parts.append(_compared(a, compare, b, name, where))
    return np.logical_and.reduce(parts)


def _is_text(values):
    values = np.asarray(values)
    if values.dtype.kind != "O":
        return values.dtype.kind in "US"
    return any(isinstance(one, str) for one in values)


def _truth(values, name, condition):
    """Return a column of truth values."""
    values = np.asarray(values)
    plain = values.dtype.kind == "b" or set(map(str, values.tolist())) <= {"True", "False"}
    if not plain:
        _fail(condition, f"the column '{name}' holds no truth values; compare it with something")
    return values.astype(str) == "True"


def _compared(values, compare, other, name, where):
    """Compare a column with a value or another column; what is missing equals nothing."""
    is_column = isinstance(other, np.ndarray)
    text, other_text = _is_text(values), isinstance(other, str) or (is_column and _is_text(other))
    if isinstance(other, bool) and text:  # truth values that a table holds as text
        other, other_text = str(other), True
    if text != other_text:
        found = "text" if text else "numbers"
        hint = "Put it in quotes" if text else "Remove the quotes"
        shown = "another column" if is_column else repr(other)
        raise InputError(
            f"where: the column '{name}' of '{where}' holds {found}, and is compared with {shown}. "
            + (hint if not is_column else "Compare like with like")
        )
    if text:
        values = np.array([None if one is None or one != one else str(one) for one in values], "O")
        there = np.array([one is not None for one in values])
        if not is_column and compare in (operator.eq, operator.ne) and other not in set(values):
            held = sorted(set(values[there]))
            raise InputError(
                f"where: no sample of '{where}' has '{other}' in the column '{name}'"
                f"{suggest(other, held)}. It holds {some(held)}"
            )
        if compare is operator.ne:
            return values != other
        filled = np.where(there, values, "")
        right = np.where([one is None for one in other], "", other) if is_column else other
        return np.asarray(compare(filled, right), bool) & there
    with np.errstate(invalid="ignore"):
        return np.asarray(compare(np.asarray(values, float), other), bool)
