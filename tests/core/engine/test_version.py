import pytest

from core.engine.version import compare_versions, versions


def test_equal_versions_differ_in_nothing() -> None:
    assert compare_versions(dict(versions())) is None


@pytest.mark.parametrize("name", ["Digit Lab", "TensorFlow"])
def test_another_version_is_named_beside_ours(name: str) -> None:
    ours = versions()[name]
    difference = compare_versions(versions() | {name: "9.9"})
    assert difference == f"it has {name} 9.9, and this server {ours}"
    missing = {other: value for other, value in versions().items() if other != name}
    assert compare_versions(missing) == f"it has {name} none, and this server {ours}"
