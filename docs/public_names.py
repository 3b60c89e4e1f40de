"""Links from the names in docstrings and signatures to the pages of the reference, and docstrings as plain text.

A signature says `mpifast.physics.tracer.particle.Particle`, a docstring says `Particle`: the reference has one page,
`mpifast.Particle`.
"""

import re

from docutils import nodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode

NUMPY = "https://numpy.org/doc/stable/reference/generated/{0}.html#{0}"
LINKED = {"ndarray", "dtype", "generic", "floating", "number", "bool"}  # numpy's classes in our signatures


def resolve(app, env, node, contnode):
    """Sphinx's `missing-reference`: the object of the reference with the same last names, NumPy's page, or plain code.

    Single backticks stand for names and for code alike: what begins with ``mpifast.`` has to be a name.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    package, _, last = target.rpartition(".")
    if package in ("numpy", "np") and last in LINKED:
        return nodes.reference("", "", contnode, refuri=NUMPY.format(f"numpy.{last}"), internal=False)
    found = _same_ending(env.get_domain("py").objects, target.split("."))
    if found is not None:
        return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, contnode)
    if node["reftype"] == "obj" and not target.startswith("mpifast."):
        return contnode
    return None


def _same_ending(objects, parts):
    """`Network.fit` is `mpifast.Network.fit`; `Particle` is `mpifast.Particle`, and no method of that name."""
    if len(parts) > 1:
        method = [name for name in objects if name.endswith("." + ".".join(parts[-2:]))]
        if len(method) == 1:
            return objects[method[0]]
    public = [name for name in objects if name.split(".")[-1] == parts[-1] and parts[-1][:1].isupper()]
    return objects[min(public, key=len)] if public else None


def escape(app, what, name, thing, options, lines):
    """Our docstrings are plain text: ||S c - u|| is no substitution, a*b no emphasis. Examples stay as they are."""
    examples = False
    for i, line in enumerate(lines):
        if i + 1 < len(lines) and re.fullmatch(r"\s*-{3,}", lines[i + 1]):
            examples = line.strip() == "Examples"
        if not examples:
            parts = re.split(r"(``.*?``|`.*?`)", line)
            parts[::2] = [re.sub(r"(?<!\\)([|*])", r"\\\1", part) for part in parts[::2]]
            lines[i] = "".join(parts)


def short_signature(app, what, name, thing, options, signature, returns):
    """`ArrayLike`, where Sphinx writes a stand-in for it."""
    pattern = r"TypeAliasForwardRef\('(\w+)'\)"
    return tuple(text and re.sub(pattern, r"\1", text) for text in (signature, returns))


def hide_overloads():
    """Overloads are for type checkers: readers see the one signature of the implementation."""
    analyze = ModuleAnalyzer.analyze

    def without_overloads(self):
        analyze(self)
        self.overloads = {}

    ModuleAnalyzer.analyze = without_overloads


def close_blocks(app, page, source):
    """The empty line that ends an example before its fence is for doctest, not for readers."""
    source[0] = re.sub(r"(\n>>> [^`]*?)\n\n```", r"\1\n```", source[0])
