"""What builds the layers and functions, against the template that asks for them."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from samcli.commands._utils.template import move_template
from samcli.yamlhelper import yaml_dump, yaml_parse

from aita.models.call_limits import CallLimits
from aita_local.deploy import Parameters
from aita_local.stack import API_KEY_SECRET, ROLE_SECRETS
from tests.template.conftest import ROOT, Json, of_type, read_template

BUILDS = ROOT / "layers" / "builds"
HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"


def make(target: str, runtime: str, folder: Path, artifacts: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Build as sam does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["make", "--makefile", str(BUILDS / runtime / "Makefile"), f"build-{target}"],
        cwd=folder,
        env={**os.environ, "PATH": path, "ARTIFACTS_DIR": str(artifacts), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def load(name: str) -> ModuleType:
    """Import a program of the builds, which is no package."""
    spec = importlib.util.spec_from_file_location(name, BUILDS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer's folder with a package and one module in it."""
    package = tmp_path / "layer" / "aita"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("VALUE = 1\n")
    return package.parent


def test_every_runtime_has_its_build(template: Json) -> None:
    runtimes = template["Parameters"]["Runtime"]["AllowedValues"]
    assert template["Parameters"]["Runtime"]["Default"] in runtimes
    assert {folder.parent.name for folder in BUILDS.glob("*/Makefile")} == set(runtimes)


def test_sam_writes_out_the_aliases_that_cloudformation_refuses(tmp_path: Path) -> None:
    """It answers ValidationError: "Template error: YAML aliases are not allowed in CloudFormation templates"."""
    built = tmp_path / ".aws-sam" / "build" / "template.yaml"
    built.parent.mkdir(parents=True)
    move_template(str(ROOT / "template.yaml"), str(built), read_template())
    assert aliases(ROOT / "template.yaml")
    assert not aliases(built)
    packaged = tmp_path / "packaged.yaml"
    packaged.write_text(yaml_dump(yaml_parse(built.read_text())))
    assert not aliases(packaged)


def aliases(file: Path) -> list[str]:
    events = yaml.parse(file.read_text(), Loader=yaml.SafeLoader)
    return [event.anchor for event in events if isinstance(event, yaml.AliasEvent)]


def test_every_layer_is_built_for_the_functions_runtime(template: Json) -> None:
    rules = (BUILDS / "layer.mk").read_text()
    for name, resource in of_type(template["Resources"], "AWS::Serverless::LayerVersion").items():
        assert resource["Metadata"] == {
            "BuildMethod": "makefile",
            "ContextPath": {"Fn::Sub": "layers/builds/${Runtime}"},
        }
        assert resource["Properties"]["CompatibleRuntimes"] == [{"Ref": "Runtime"}]
        assert f"\nbuild-{name}:" in rules
        assert (ROOT / resource["Properties"]["ContentUri"] / "requirements.txt").exists()
    assert template["Globals"]["Function"]["Runtime"] == {"Ref": "Runtime"}


def test_a_thin_layer_is_the_package_alone_and_compiled(layer: Path, tmp_path: Path) -> None:
    done = make("AitaLayer", HERE, layer, tmp_path / "out", AITA_LAYERS="thin")
    assert done.returncode == 0, done.stderr
    (compiled,) = (tmp_path / "out").rglob("*.pyc")
    assert compiled.parent.parent == tmp_path / "out" / "python" / "aita"
    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
    assert flags == 0b01  # by hash, unchecked: its source's time does not matter
    assert sorted(path.name for path in (tmp_path / "out" / "python").iterdir()) == ["aita"]


def test_an_empty_imaging_layer_is_still_a_layer(layer: Path, tmp_path: Path) -> None:
    done = make("ImagingLayer", HERE, layer, tmp_path / "out", AITA_LAYERS="thin")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "out" / "python").iterdir()] == ["EMPTY.txt"]


def test_a_missing_interpreter_fails_the_build_and_says_so(layer: Path, tmp_path: Path, template: Json) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("make", "sh"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    runtime = next(name for name in template["Parameters"]["Runtime"]["AllowedValues"] if name != HERE)
    done = make("AitaLayer", runtime, layer, tmp_path / "out", PATH=str(tmp_path / "bin"))
    assert done.returncode != 0
    assert f"{runtime} is not on the PATH" in done.stderr
    assert "--parameter-overrides Runtime=" in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_lambdas_c_library_is_too_old_for_is_not_built_for_it(layer: Path, tmp_path: Path) -> None:
    """pip would not refuse a wheel that needs a newer one: it is not asked where Lambda's runtime stands."""
    done = make("AitaLayer", "python3.11", layer, tmp_path / "out")
    assert done.returncode != 0
    assert "python3.11 is for the laptop alone" in done.stderr
    assert "Runtime=python3.12" in done.stderr
    assert not (tmp_path / "out").exists()
    platforms = re.search(r"PLATFORMS := (.*)", (BUILDS / "layer.mk").read_text())
    assert platforms is not None
    newest = max(int(each.rpartition("_")[2]) for each in platforms[1].split() if "_2_" in each)
    assert newest == 34, "the C library of Amazon Linux 2023"


def test_what_is_never_imported_is_dropped(tmp_path: Path) -> None:
    kept = {"some/kept.py", "boto3/session.py", "botocore/data/endpoints.json", "botocore/data/s3/2006/service-2.json"}
    dropped = {"bin/tool", "boto3/data/s3/2006/resources-1.json", "some/tests/test_it.py", "some/stub.pyi"}
    for name in kept | dropped | {"botocore/data/ec2/2016/service-2.json"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    module = load("prune")
    module.prune(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} == kept


def test_the_layer_has_the_services_that_functions_ask() -> None:
    """botocore raises UnknownServiceError for the others."""
    package = ROOT / "layers" / "aita" / "aita"
    files = [package / "bootstrap.py", *(package / "aws").rglob("*.py"), *(package / "llm").rglob("*.py")]
    asked = re.findall(
        r"""(?:make_client(?:, |\()|boto3\.client\()"([a-z0-9-]+)\"""", "".join(map(Path.read_text, files))
    )
    assert set(asked) == load("prune").SERVICES


def test_a_dependency_takes_what_its_files_and_their_compiled_modules_take(tmp_path: Path) -> None:
    files = {
        "one/module.py": 10,
        "one/__pycache__/module.cpython-313.pyc": 7,
        "one.libs/some.so": 100,
        "one-1.0.dist-info/METADATA": 3,
        "aita/tasks/kind.py": 5,
        "aita/tasks/__pycache__/kind.cpython-313.pyc": 4,
    }
    for name, size in files.items():
        file = tmp_path / "python" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(size))
    record = "one/module.py,sha256=x,10\none.libs/some.so,,\none-1.0.dist-info/METADATA,,\none-1.0.dist-info/RECORD,,\n"
    (tmp_path / "python" / "one-1.0.dist-info" / "RECORD").write_text(record)
    assert load("size").shares(tmp_path) == {"one": 10 + 7 + 100 + 3 + len(record), "aita": 5 + 4}


def test_every_layer_has_a_limit(template: Json) -> None:
    layers = of_type(template["Resources"], "AWS::Serverless::LayerVersion")
    program = load("size")
    assert set(program.LIMITS) == set(program.LAYERS) == set(layers)
    assert sum(program.LIMITS.values()) < 250, "Lambda's bound for a function and its layers"


def test_the_laptop_gives_parameters_that_the_template_has(template: Json) -> None:
    given = Parameters(HERE, 5, 0.25, "http://127.0.0.1:1/v1", "simulated", 0.12).overrides()
    assert {name.partition("=")[0] for name in given} <= set(template["Parameters"])
    assert "RateLimitRps=0.25" in given
    assert "RateLimitRps=0" in Parameters(HERE, 5, 0.0, "", "", 0.0).overrides()
    assert "RateLimitRps=10000" in Parameters(HERE, 5, 10_000.0, "", "", 0.0).overrides()
    assert {"CallTimeout=120", 'ReplyTokens=""'} <= {*given}, "an empty one is given, as else the last one would stay"
    limits = CallLimits({"": 60.0, "transcription": 300.0}, {"grading": 4096})
    limited = Parameters(HERE, 5, 0.0, "", "", 0.0, call_limits=limits).overrides()
    assert {"CallTimeout=60,transcription=300", "ReplyTokens=grading=4096"} <= {*limited}


def test_the_laptop_puts_the_key_where_the_template_looks(template: Json) -> None:
    assert template["Parameters"]["ApiKeySecretName"]["Default"] == API_KEY_SECRET
    for role, secret in ROLE_SECRETS.items():
        assert template["Parameters"][f"{role.capitalize()}KeySecretName"]["Default"] == secret


def test_what_was_built_for_the_laptop_is_not_deployed_to_aws() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert "build_dir" not in config["default"]["build"]["parameters"]
    assert config["local"]["build"]["parameters"]["build_dir"] == ".aita/build"
    assert config["local"]["deploy"]["parameters"]["template_file"] == ".aita/build/template.yaml"
    assert config["default"]["deploy"]["parameters"]["confirm_changeset"] is False
