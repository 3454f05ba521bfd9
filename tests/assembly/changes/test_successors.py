"""What is gone from a template is matched with what takes its place."""

from assembly.changes.successors import successors
from tests.assembly.changes.given import BUCKET, CLUSTER, QUEUE, resource, template, templates


def test_several_that_are_renamed_together_keep_their_partners() -> None:
    """As when the construct around them is renamed."""
    names = ("Orders", "Bills", "Users")
    before = templates(data=template(**{f"DataABC{name}": resource(QUEUE) for name in names}))
    after = templates(data=template(**{f"StoreDEF{name}": resource(QUEUE) for name in reversed(names)}))
    assert successors(before, after) == {("data", f"DataABC{name}"): ("data", f"StoreDEF{name}") for name in names}


def test_references_to_what_is_renamed_too_make_no_difference() -> None:
    def state(prefix: str) -> dict[str, dict[str, object]]:
        group = resource("AWS::RDS::DBSubnetGroup", {"DBSubnetGroupDescription": "x"})
        cluster = {"DBSubnetGroupName": {"Ref": f"{prefix}Group"}}
        return {f"{prefix}Group": group, f"{prefix}A": resource(CLUSTER, cluster), f"{prefix}B": resource(CLUSTER)}

    found = successors(templates(data=template(**state("Old"))), templates(data=template(**state("New"))))
    assert found["data", "OldA"] == ("data", "NewA")
    assert found["data", "OldB"] == ("data", "NewB")


def test_the_only_one_of_its_type_needs_no_likeness() -> None:
    before = templates(data=template(A=resource(BUCKET, {"AccessControl": "Private"})))
    after = templates(data=template(B=resource(BUCKET, {"ObjectLockEnabled": True})))
    assert successors(before, after) == {("data", "A"): ("data", "B")}


def test_what_has_nothing_like_it_has_no_successor() -> None:
    before = templates(data=template(A=resource(BUCKET), B=resource(BUCKET)))
    after = templates(data=template(C=resource(BUCKET, {"AccessControl": "Private"}), D=resource(QUEUE)))
    assert successors(before, after) == {}
