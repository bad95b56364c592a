# Every task of the project. Each target installs what it needs on Debian 12 (as root, or with sudo).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(PATH):/usr/sbin:/sbin

BUILD_DEPS := libsodium-dev libblkid-dev libcurl4-openssl-dev libzstd-dev libarchive-dev libtomlplusplus-dev pkg-config
TEST_DEPS := $(BUILD_DEPS) nginx-light minisign grub-common gdisk e2fsprogs util-linux mount \
	fdisk zstd openssl python3 python3-prometheus-client curl rsync faketime libfaketime strace systemd systemd-container
# The reference appliance: images made without root, and the virtual machine that boots them.
IMAGE_DEPS := $(BUILD_DEPS) kmod systemd squashfs-tools gdisk dosfstools mtools e2fsprogs grub-common \
	grub-efi-amd64-bin nginx-light python3 ca-certificates
MACHINE_DEPS := $(IMAGE_DEPS) qemu-system-x86 ovmf socat util-linux
SCRIPT_DEPS := $(MACHINE_DEPS) fdisk binutils dpkg-dev
BENCH_DEPS := $(TEST_DEPS) rauc swupdate dbus dbus-bin dbus-daemon squashfs-tools e2fsprogs cpio time casync xdelta3 zchunk \
	mender-client mender-artifact bmap-tools fio
INSTRUCTION_DEPS := $(BUILD_DEPS) valgrind python3
# python-tuf, which the client of feeds is held against, comes from PyPI into .build-venv.
FEED_DEPS := nginx-light python3 python3-venv faketime libfaketime
PACKAGE_DEPS := $(BUILD_DEPS) dpkg-dev debhelper lintian python3
PACKAGE_TEST_DEPS := $(PACKAGE_DEPS) debootstrap debian-archive-keyring systemd-container util-linux mount
FAULT_DEPS := $(BUILD_DEPS) gcc libc6-dev faketime libfaketime util-linux mount python3
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Installs what is missing of the packages given, and asks apt only then.
define install
	missing=$$( (dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(1) 2>/dev/null || true) \
	  | awk '$$2 == "installed" { print $$1 }' | sort -u | comm -13 - <(printf '%s\n' $(1) | sort -u)); \
	if [ -n "$$missing" ]; then \
	  $(SUDO) apt-get update -qq; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.PHONY: deps
deps:
	@$(call install,$(BUILD_DEPS))

.PHONY: test-deps
test-deps:
	@$(call install,$(TEST_DEPS))

.PHONY: machine-deps
machine-deps: apt-lists
	@$(call install,$(MACHINE_DEPS))

.PHONY: fault-deps
fault-deps:
	@$(call install,$(FAULT_DEPS))

.PHONY: feed-deps
feed-deps: .build-venv/requirements.txt
	@$(call install,$(FEED_DEPS))

.build-venv/requirements.txt: Tests/feed/requirements.txt
	@$(call install,$(FEED_DEPS))
	python3 -m venv .build-venv
	.build-venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	cp $< $@

.PHONY: script-deps
script-deps: apt-lists
	@$(call install,$(SCRIPT_DEPS))

# What the appliance is made of is fetched by its version: without fetched lists apt knows of none.
.PHONY: apt-lists
apt-lists:
	@[ -n "$$(apt-cache policy linux-image-amd64 2>/dev/null)" ] || $(SUDO) apt-get update -qq

.PHONY: build
build: deps ## Build everything, for development
	swift build

.PHONY: release
release: deps ## Build the executables as they ship: static Swift runtime, stripped, in .build-release
	swift build -c release --static-swift-stdlib --scratch-path .build-release --product krux-update
	swift build -c release --static-swift-stdlib --scratch-path .build-release --product krux-health
	swift build -c release --static-swift-stdlib --scratch-path .build-release --product krux-release
	mkdir -p .build-release/ship
	@# What is there already is left: it may be running.
	for name in krux-update krux-health krux-release; do \
	  [ .build-release/ship/$$name -nt .build-release/release/$$name ] \
	    || strip -o .build-release/ship/$$name .build-release/release/$$name; done
	ln -sf krux-update .build-release/ship/krux

.PHONY: install
install: release ## Install everything below DESTDIR, on this machine without it; no unit is enabled
	@$(call install,python3)
	packaging/stage .build-release/ship $(or $(DESTDIR),/)

.PHONY: package-deps
package-deps:
	@$(call install,$(PACKAGE_DEPS))

.PHONY: package-test-deps
package-test-deps:
	@$(call install,$(PACKAGE_TEST_DEPS))

.PHONY: deb
deb: package-deps release ## Debian packages krux-update and krux-release, in .build-deb, held against lintian
	packaging/make-deb .build-release/ship .build-deb
	lintian --allow-root --fail-on error,warning .build-deb/*.deb

.PHONY: deb-test
deb-test: package-test-deps deb ## Both packages installed on a plain Debian 12: programs, pages, units, a boot, purged
	Tests/deb/run .build-deb

.PHONY: sizes
sizes: release ## Print the sizes of the stripped executables
	@stat -c '%n %s' .build-release/ship/krux-{update,health,release} \
	  | awk '{ printf "%s %.1f MB\n", $$1, $$2 / 1e6 }'

.PHONY: test
test: test-deps feed-deps lint ## Run all tests (root: loop devices, mounts)
	swift build --build-tests
	swift test --skip-build
	Tests/scenarios/gpt_disk.py .build/debug
	Tests/modes/run .build/debug
	Tests/feed/run --client .build/debug/krux-update

.PHONY: test-feed
test-feed: deps feed-deps ## Feeds between this project and python-tuf, both ways (ONLY="name ..." for some)
	swift build --product krux-update
	swift build --product krux-release
	Tests/feed/run --client .build/debug/krux-update $(foreach name,$(ONLY),-k $(name))

# The cases themselves: python-tuf's own client has to pass all but those that say why it does not, and to fail
# without its defences.
.PHONY: test-feed-reference
test-feed-reference: feed-deps
	Tests/feed/run --client Tests/feed/reference.py
	Tests/feed/prove

.PHONY: modes-test
modes-test: test-deps ## Each way of being installed, told on an instance of it: containers, checkout, trees, two at once
	swift build --product krux-update
	swift build --product krux-release
	Tests/modes/run .build/debug

.PHONY: demo
demo: machine-deps release ## A virtual appliance: update, confirm, three ways of coming back, rollback
	images/demo

.PHONY: demo-services
demo-services: machine-deps release ## A service of the virtual appliance updated under load, put back, rolled back
	images/demo-services

.PHONY: demo-quick
demo-quick: test-deps ## The main job on a GPT disk without a virtual machine, in seconds after the build
	swift build
	Tests/scenarios/gpt_disk.py .build/debug

.PHONY: appliance
appliance: machine-deps release ## Make the reference appliance's disk, in .build-appliance
	images/make-appliance

.PHONY: appliance-test
appliance-test: machine-deps release ## Every way through a boot, by real boots of the appliance (ONLY="a b" for some)
	Tests/appliance/run $(ONLY)

.PHONY: bootscript-test
bootscript-test: script-deps ## The real GRUB and SlotCore decide the same (COUNT=N for a part)
	swift build --product krux-update
	Tests/bootscript/agree .build/debug $(if $(COUNT),--count $(COUNT))
	Tests/bootscript/rescue

.PHONY: rauc-script-test
rauc-script-test: script-deps ## RAUC's own GRUB script, from Debian's source package, with one try
	swift build
	Tests/bootscript/rauc .build/debug

.PHONY: powercut
powercut: deps ## Cut the power at every moment of a life, in a model of the disk (FRAMES=N SUBSETS=N SEED=N)
	swift build -c release --static-swift-stdlib --scratch-path .build-release --product powercut
	.build-release/release/powercut $(if $(FRAMES),--frames $(FRAMES)) $(if $(SUBSETS),--subsets $(SUBSETS)) $(if $(SEED),--seed $(SEED))

.PHONY: powercut-services
powercut-services: test-deps release ## Cut the power at every change of a service's life, in a model of its files (SUBSETS=N SEED=N)
	Tests/powercut-services/run .build-release/ship $(if $(SUBSETS),--subsets $(SUBSETS)) $(if $(SEED),--seed $(SEED))

.PHONY: powercut-vm
powercut-vm: machine-deps release ## Cut the reference appliance at every flush and between (ARGUMENTS="--scenario update ...")
	Tests/powercut-vm/run $(ARGUMENTS)

.PHONY: faults
faults: fault-deps release ## Errors, lies and signals at every call of the executables (EVERY=K for each K-th)
	Tests/faults/run .build-release/ship $(if $(EVERY),--every $(EVERY))

.PHONY: fuzz
fuzz: deps ## Fuzz every reader of bytes from outside, SECONDS_EACH=60 for each target
	Fuzz/run --seconds $(or $(SECONDS_EACH),60)

.PHONY: sanitize
sanitize: test-deps ## The tests under AddressSanitizer and ThreadSanitizer
	Tests/sanitizers/run address
	Tests/sanitizers/run thread

.PHONY: mutants
mutants: test-deps ## Take each check out and see a test turn red (EVERY=K: each K-th; IN_PLACE=yes: in a clean clone)
	Tests/mutants/run --every $(or $(EVERY),1) $(if $(IN_PLACE),--in-place)

.PHONY: bench-deps
bench-deps:
	@$(call install,$(BENCH_DEPS))

.PHONY: instruction-deps
instruction-deps:
	@$(call install,$(INSTRUCTION_DEPS))

.PHONY: bench
bench: bench-deps release ## Full install beside curl|zstd|dd, swupdate, rauc, mender, bmaptool and fio (half an hour)
	Benchmarks/full-install --rounds 5 --bin .build-release/ship --markdown .build-release/bench.md \
	  --json Benchmarks/plots/full-install.json
	Benchmarks/plot Benchmarks/plots/full-install.json

# One round of each benchmark on small images: proves that they work, and says nothing of speed.
.PHONY: bench-small
bench-small: bench-deps instruction-deps release
	mkdir -p .build-release/small
	Benchmarks/full-install --rounds 1 --size 64 --levels 3 --quiet-wait 0 --bin .build-release/ship \
	  --json .build-release/small/full-install.json
	Benchmarks/pairs --out .build-release/small/pairs --size 24 --pair ext4-small
	Benchmarks/delta --rounds 1 --pairs .build-release/small/pairs --pair ext4-small --quiet-wait 0 \
	  --only krux,krux-over-old,krux-unknown,krux-full,patch-from,xdelta3,swupdate,mender-over-old \
	  --bin .build-release/ship --json .build-release/small/delta-ext4-small.json
	Benchmarks/plot .build-release/small/*.json
	Benchmarks/instructions --sizes 2,4 --level 3 --bin .build-release/release

.PHONY: bench-delta
bench-delta: bench-deps release ## Updates from known and unknown bases beside zstd --patch-from, xdelta3, casync, swupdate (hours)
	Benchmarks/pairs --out .build-release/pairs
	for pair in ext4-small ext4-large squashfs-small; do \
	  Benchmarks/delta --pairs .build-release/pairs --pair $$pair --bin .build-release/ship \
	    --markdown .build-release/delta-$$pair.md --json Benchmarks/plots/delta-$$pair.json || exit 1; \
	  Benchmarks/plot Benchmarks/plots/delta-$$pair.json; done

.PHONY: bench-plots
bench-plots: ## Draw the plots again from what the benchmarks have stored
	Benchmarks/plot Benchmarks/plots/*.json

.PHONY: bench-instructions
bench-instructions: instruction-deps release ## Instructions per byte of the hot paths, counted by valgrind; they repeat
	Benchmarks/instructions --bin .build-release/release --markdown .build-release/instructions.md

.PHONY: bench-memory
bench-memory: bench-deps release ## Peak memory of krux-update for images of 1 GiB and 16 GiB
	Benchmarks/memory --bin .build-release/ship

.PHONY: bench-latency
bench-latency: bench-deps release ## What a small service on the same disk feels of an update, with --background and without
	Benchmarks/latency --bin .build-release/ship --markdown .build-release/latency.md

.PHONY: lint
lint: ## Check the format of all Swift files
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift

.PHONY: format
format: ## Format all Swift files
	swift format --in-place --recursive Sources Tests Fuzz Package.swift

.PHONY: clean
clean: ## Remove what was built
	rm -rf .build .build-*
