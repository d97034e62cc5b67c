# Builds the two layers for one runtime: the one that the including Makefile's folder is named after.
#
# sam runs it as `make --makefile layers/builds/<runtime>/Makefile build-<layer>` in a copy of the layer's
# folder, and passes ARTIFACTS_DIR. The template chooses <runtime>, so it is stated there alone.
#
#   AITA_LAYERS=thin   only the package aita: the laptop's emulator has the requirements installed
#                      beside itself, and unpacks every layer anew for each worker.
#   AITA_LAYERS=full   all of it, to be measured or run here; on Lambda it is for Amazon Linux 2023,
#                      which the default makes sure of.

RUNTIME := $(notdir $(abspath $(dir $(firstword $(MAKEFILE_LIST)))))
BUILDS := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
AITA_LAYERS ?= lambda
TARGET = $(ARTIFACTS_DIR)/python

# What the C library (glibc 2.34) of Lambda's Amazon Linux 2023 takes. With the oldest alone pip quietly picks outdated
# releases, and some have no such wheel: Amazon Linux 2, which python3.11 runs on there, has glibc 2.26.
PLATFORMS := manylinux2014 manylinux_2_17 manylinux_2_27 manylinux_2_28 manylinux_2_34
PIP_FOR_LAMBDA = python3 -m pip install --quiet --disable-pip-version-check --no-compile --only-binary=:all: \
	--implementation cp --python-version $(RUNTIME:python%=%) $(PLATFORMS:%=--platform %_x86_64)

.PHONY: build-AitaLayer build-ImagingLayer interpreter
.SILENT:

build-AitaLayer: interpreter
	mkdir -p "$(TARGET)"
ifneq ($(AITA_LAYERS),thin)
	$(PIP_FOR_LAMBDA) --target "$(TARGET)" --require-hashes --requirement requirements.lock --requirement sdk.lock
endif
	cp -R aita "$(TARGET)/aita"
	$(finish)

build-ImagingLayer: interpreter
	mkdir -p "$(TARGET)"
ifeq ($(AITA_LAYERS),thin)
	echo "Empty: see layers/builds/layer.mk" > "$(TARGET)/EMPTY.txt"
else
	$(PIP_FOR_LAMBDA) --target "$(TARGET)" --require-hashes --requirement requirements.lock
endif
	$(finish)

# Lambda can't write beside its code, so it would compile every module at every cold start. The files'
# times change on their way there: the hash variant, unchecked, is the one that Lambda takes as it is.
define finish
	python3 "$(BUILDS)/prune.py" "$(TARGET)"
	$(RUNTIME) -m compileall -q -j 0 --invalidation-mode unchecked-hash "$(TARGET)"
endef

ON_AMAZON_LINUX_2 := python3.11

interpreter:
ifeq ($(AITA_LAYERS),lambda)
	$(if $(filter $(RUNTIME),$(ON_AMAZON_LINUX_2)), \
		echo "$(RUNTIME) is for the laptop alone: on Lambda its C library is older than the layers' wheels take." >&2; \
		echo "Build for a newer one: sam build --parameter-overrides Runtime=python3.12" >&2; \
		exit 1)
endif
	$(RUNTIME) -c "" 2>/dev/null || { \
		echo "$(RUNTIME) is not on the PATH: it compiles what $(RUNTIME) runs on Lambda." >&2; \
		echo "Install it, or build for one that is there: sam build --parameter-overrides Runtime=python3.12" >&2; \
		exit 1; }
