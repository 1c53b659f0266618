# Everything is installed into .venv on the way; `make help` lists the chores.
PYTHON ?= python3
ARGS ?=

.PHONY: help demo test check all docs ci
help:  ## list the chores
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo:  ## the whole loop on simulated or real data: make demo ARGS="--headless --check"
	@$(PYTHON) dev.py demo $(ARGS)

test:  ## checks, and every quick test: make test ARGS="-k consent"
	@$(PYTHON) dev.py test $(ARGS)

check:  ## ruff, mypy, import-linter, deptry
	@$(PYTHON) dev.py check

all:  ## checks, and every test
	@$(PYTHON) dev.py all $(ARGS)

docs:  ## write docs/reference again from the code
	@$(PYTHON) dev.py docs

ci:  ## what CI runs, Debian packages included
	@.ci/run
