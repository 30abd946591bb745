# Two commands: `make demo` and `make test`. Needs Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= digest-demo

.PHONY: demo test check bench-poll fuzz lock clean

# The application: hashed pins, then the project itself without dependencies.
$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m compileall -q digest  # pip compiles what it installs, but not this; 80 ms of every run
	touch $@

# What tests and checks need besides; the same pins and more.
$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	touch $@

demo: $(VENV)/.installed
	$(BIN)/digest demo --dir $(DEMO)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check digest tests bench fuzz
	$(BIN)/ruff check digest tests bench fuzz
	$(BIN)/mypy
	$(BIN)/lint-imports

# digest's poll beside those of other pollers, on the recorded feeds (DIGEST_SHARED). newsboat and sfeed join if installed.
bench-poll: $(VENV)/.installed
	test -x .venv-bench/bin/r2e || $(PYTHON) -m venv .venv-bench
	test -x .venv-bench/bin/r2e || .venv-bench/bin/pip install --quiet --disable-pip-version-check reader rss2email sgmllib3k
	$(BIN)/python -m bench.poll

# Ten minutes of damaged documents through the readers; FUZZ names files or folders of more to damage.
fuzz: $(VENV)/.installed
	$(BIN)/python -m fuzz.readers $(FUZZ)

# Renews the pins; needs uv. The locks hold hashes and no addresses.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 pyproject.toml --extra server -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 pyproject.toml --extra server --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .venv-bench $(DEMO) dist build
