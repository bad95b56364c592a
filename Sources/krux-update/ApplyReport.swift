internal import Glibc
internal import SlotCore
internal import SlotKit

/// Prints an install as it goes on: for a person, or as one JSON event per line.
final class ApplyReport {
  private let json: Bool
  private let source: BundleSource
  private let bar = ProgressBar()
  private let meter = ProgressMeter()
  private var plan: InstallPlan?
  private var lastPhase: WorkPhase?
  private var lastPercent = 0

  init(json: Bool, source: BundleSource) {
    self.json = json
    self.source = source
  }

  func take(_ event: InstallEvent) {
    if case .planned(let plan) = event {
      self.plan = plan
      meter.bytesToFetch = plan.fetchBytes
    }
    if json { printJSON(event) } else { printText(event) }
  }

  // MARK: - For people

  private func printText(_ event: InstallEvent) {
    switch event {
    case .warning(let text): Report.warnings([text])
    case .verified(let bundle, let target):
      let verb = if case .url = source { "Downloading" } else { "Reading" }
      Report.line("\(verb) \(bundle.reader.name)... (\(Format.bytes(bundle.length)))")
      Report.line("Verifying signature... ✓ (Ed25519, key \(bundle.trusted.signer.id))")
      targetName = target.displayName
    case .planned(let plan):
      if plan.keptBytes > 0 {
        Report.line(
          "\(Format.bytes(plan.keptBytes)) of the image are in the inactive partition already.")
      }
      if plan.baseBytes > 0 {
        Report.line(
          "Updating from what is running... (\(Format.bytes(plan.fetchBytes)) to fetch)")
      }
    case .disarmed: break
    case .progress(let phase, let done, let total, let fetched):
      announce(phase)
      bar.draw(meter.take(phase, done: done, total: total, fetched: fetched))
    case .written(let bytes, let fetched): account(written: bytes, fetched: fetched)
    case .switched: break
    }
  }

  private var targetName = ""

  private func announce(_ phase: WorkPhase) {
    guard lastPhase != phase else { return }
    lastPhase = phase
    switch phase {
    case .comparing: Report.line("Comparing inactive partition (\(targetName))...")
    case .searching: Report.line("Searching what is running for parts of the image...")
    case .writing: Report.line("Writing to inactive partition (\(targetName))...")
    case .verifying: Report.line("Reading back and verifying...")
    }
  }

  /// Where it was less than everything: what travelled, what did not have to, and what was written.
  private func account(written: UInt64, fetched: UInt64) {
    guard let plan, plan.baseBytes + plan.keptBytes > 0 else { return }
    let saved = plan.savedBytes(fetched: fetched)
    let saving = saved > 0 ? "\(Format.bytes(saved)) saved, " : ""
    Report.line("  \(Format.bytes(fetched)) fetched, \(saving)\(Format.bytes(written)) written")
  }

  // MARK: - For programs

  private func event(_ name: String, _ members: KeyValuePairs<String, JSONValue?> = [:]) {
    var all = [JSONMember("event", .string(name))]
    all += JSONValue.object(members).members ?? []
    Report.line(JSONValue.object(all).compact)
  }

  private func printJSON(_ event: InstallEvent) {
    switch event {
    case .warning(let text): self.event("warning", ["message": .string(text)])
    case .verified(let bundle, let target):
      let manifest = bundle.manifest
      self.event(
        "verified",
        [
          "product": .string(manifest.product), "version": .string(manifest.version),
          "sequence": .integer(manifest.sequence),
          "bundleBytes": .integer(Int64(bundle.length)),
          "keyId": .string(bundle.trusted.signer.id.description),
          "fingerprint": .string(bundle.trusted.signer.fingerprint.hex),
          "targetSlot": .string(target.slot.rawValue), "target": .string(target.displayName),
        ])
    case .planned(let plan): self.event("planned", ApplyReport.members(plan))
    case .disarmed: self.event("disarmed")
    case .progress(let phase, let done, let total, let fetched):
      printJSON(meter.take(phase, done: done, total: total, fetched: fetched))
    case .written(let bytes, let fetched):
      let saved = plan?.savedBytes(fetched: fetched) ?? 0
      self.event(
        "written",
        [
          "writtenBytes": .integer(Int64(bytes)), "fetchedBytes": .integer(Int64(fetched)),
          "savedBytes": .integer(Int64(saved)),
        ])
    case .switched: self.event("switched")
    }
  }

  /// At most once for each hundredth, so that nobody drowns in them.
  private func printJSON(_ progress: PhaseProgress) {
    guard progress.phase != lastPhase || progress.percent != lastPercent else { return }
    (lastPhase, lastPercent) = (progress.phase, progress.percent)
    event(
      "progress",
      [
        "phase": .string(progress.phase.rawValue), "doneBytes": .integer(Int64(progress.done)),
        "totalBytes": .integer(Int64(progress.total)),
        "fetchedBytes": .integer(Int64(progress.fetched)),
        "bytesPerSecond": progress.bytesPerSecond.map { .integer(Int64($0)) },
        "secondsLeft": progress.secondsLeft.map { .integer(Int64($0)) },
      ])
  }

  static func members(_ plan: InstallPlan) -> KeyValuePairs<String, JSONValue?> {
    [
      "fetchBytes": .integer(Int64(plan.fetchBytes)),
      "writeBytes": .integer(Int64(plan.writeBytes)),
      "keptBytes": .integer(Int64(plan.keptBytes)),
      "baseBytes": .integer(Int64(plan.baseBytes)),
      "zeroBytes": .integer(Int64(plan.zeroBytes)),
      "savedBytes": .integer(Int64(plan.savedBytes(fetched: plan.fetchBytes))),
    ]
  }

  func finished(_ outcome: String, version: String) {
    guard json else { return }
    event("finished", ["outcome": .string(outcome), "version": .string(version)])
  }
}
