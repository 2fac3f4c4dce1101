# Touchbase: everything sets itself up; the first of these takes a minute or two, later ones start at once.
#
#   make demo            a generated base, the example campaigns over every channel, the report
#   make test            the whole default suite (ARGS="-k ledger" for a part)
#   make check           the house checks: format, lint, types, floors, lock
#   make bench [ONLY=x]  the product beside its reference; writes .touchbase/bench.json
#   make chaos           long: workers, database and relay killed (TOUCHBASE_CHAOS_FULL=1: 50,000 mails; docs/chaos.md), the
#                        same with a real Postfix where it is installed, then thousands of random cases (TOUCHBASE_CASES)
#   make scale           hours: what grows with the base, at 10,000, 100,000 and a million customers; writes .touchbase/scale-*.json
#   make clean           stops every process of ours and removes what was generated and installed

SHELL := /bin/bash
READY := .venv/.ready
RUN   := .venv/bin

.PHONY: demo test check bench chaos scale clean
.DEFAULT_GOAL := demo

$(READY): pyproject.toml uv.lock
	@.ci/set-up
	@touch $(READY)

demo: $(READY)
	@$(RUN)/touchbase demo

test: $(READY)
	@$(RUN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY)
	@.ci/house

bench: $(READY)
	@$(RUN)/python -m bench $(ONLY)

chaos: $(READY)
	@$(RUN)/python -m tests.chaos fault
	@$(RUN)/python -m tests.chaos postfix
	@TOUCHBASE_CASES=$${TOUCHBASE_CASES:-5000} $(RUN)/python -m pytest tests/stateful $(ARGS)
	@TOUCHBASE_CASES=$${TOUCHBASE_CASES:-10000} $(RUN)/python -m pytest tests/properties $(ARGS)

scale: $(READY)
	@for customers in $${SIZES:-10000 100000 1000000}; do \
		echo "$$customers customers"; \
		BENCH_CUSTOMERS=$$customers $(RUN)/python -m bench generate load freeze caps segments \
			--repeat 3 --keep .touchbase/scale-$$customers.json || exit 1; \
	done

clean:
	@.ci/clean
