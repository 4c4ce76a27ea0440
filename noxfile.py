"""Sessions that hold the project to its habits, each in a virtual environment of its own."""

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "imports", "tests", "package"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "venv"


def _install(session: nox.Session) -> None:
    session.install("--editable", ".[testing,dev,spark,postgres]")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style."""
    _install(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    _install(session)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that imports only go down."""
    _install(session)
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; arguments go to pytest."""
    _install(session)
    session.run("pytest", *session.posargs)


@nox.session
def thorough(session: nox.Session) -> None:
    """Hold every law on 1,000 examples; arguments go to pytest."""
    _install(session)
    session.run("pytest", *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session
def package(session: nox.Session) -> None:
    """Build the distributions and look into them."""
    _install(session)
    folder = session.create_tmp()
    session.run("validate-pyproject", "pyproject.toml")
    session.run("python", "-m", "build", "--outdir", folder)
    session.run("check-wheel-contents", folder)
    session.run("pytest", "tests/packaging")


@nox.session
def conformance(session: nox.Session) -> None:
    """Compare with published results, and say how many were met and which were not there."""
    _install(session)
    session.run(
        "pytest",
        "-rs",
        "--capture=no",
        "tests/conformance",
        *session.posargs,
        env={"RULES_ENGINE_CONFORMANCE": "whole"},
    )


@nox.session
def journal(session: nox.Session) -> None:
    """Kill processes that post at 200 random points; arguments go to pytest."""
    _install(session)
    session.run(
        "pytest", "-rs", "tests/journal", *session.posargs, env={"RULES_ENGINE_KILLS": "200"}
    )


@nox.session
def vectors(session: nox.Session) -> None:
    """Ask every engine for all vectors, Spark among them; arguments go to the runner."""
    _install(session)
    engines = [
        part for name in ("exact", "closure", "duckdb", "spark") for part in ("--engine", name)
    ]
    session.run(
        "python", "-m", "rules_engine.testing.vectors", "tests/vectors", *engines, *session.posargs
    )


@nox.session
def sabotage(session: nox.Session) -> None:
    """Break the code on purpose and make sure that the tests notice; arguments name patches."""
    _install(session)
    session.run("python", "tests/sabotage/run.py", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutate the ledger and the plugins; survivors are explained or killed before a release."""
    _install(session)
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, and write docs/performance.md."""
    _install(session)
    session.run("python", "-m", "bench", *session.posargs)
