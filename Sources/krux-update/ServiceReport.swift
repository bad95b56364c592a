internal import SlotCore
internal import SlotKit

/// Prints a change of services as it goes on: for a person, or as one JSON event per line.
final class ServiceReport {
  private let json: Bool
  private let bar = ProgressBar()
  private let meter = ProgressMeter()
  private var lastPhase: (WorkPhase, String)?

  init(json: Bool) { self.json = json }

  func take(_ event: ServiceEvent) { if json { printJSON(event) } else { printText(event) } }

  private func printText(_ event: ServiceEvent) {
    switch event {
    case .warning(let text): Report.warnings([text])
    case .verified(let bundle):
      Report.line("Reading \(bundle.reader.name)... (\(Format.bytes(bundle.length)))")
      Report.line("Verifying signature... ✓ (Ed25519, key \(bundle.trusted.signer.id))")
    case .progress(let phase, let service, let done, let total):
      if lastPhase?.0 != phase || lastPhase?.1 != service {
        lastPhase = (phase, service)
        Report.line(
          phase == .writing
            ? "Unpacking \(service)..." : "Reading back and verifying \(service)...")
      }
      if total > 0 { bar.draw(meter.take(phase, done: done, total: total)) }
    case .switched(let service, let version): Report.line("Switched \(service) to \(version).")
    case .restarting(let unit): Report.line("Restarting \(unit)...")
    case .probing(let service): Report.line("Checking the health of \(service)...")
    case .putBack(let service, let version, let reason):
      Report.line("Not healthy: \(reason.printable)")
      Report.line("Putting back \(service) \(version ?? "as it was, without a version")...")
    }
  }

  private func printJSON(_ event: ServiceEvent) {
    switch event {
    case .warning(let text): line("warning", ["message": .string(text)])
    case .verified(let bundle):
      line(
        "verified",
        [
          "product": .string(bundle.manifest.product),
          "version": .string(bundle.manifest.version),
          "sequence": .integer(bundle.manifest.sequence),
          "bundleBytes": .integer(Int64(bundle.length)),
          "keyId": .string(bundle.trusted.signer.id.description),
        ])
    // A tree is small, and its end is what programs wait for.
    case .progress: break
    case .switched(let service, let version):
      line("switched", ["service": .string(service), "version": .string(version)])
    case .restarting(let unit): line("restarting", ["unit": .string(unit)])
    case .probing(let service): line("probing", ["service": .string(service)])
    case .putBack(let service, let version, let reason):
      line(
        "put-back",
        ["service": .string(service), "version": version.json, "reason": .string(reason)])
    }
  }

  private func line(_ name: String, _ members: KeyValuePairs<String, JSONValue?>) {
    let all = [JSONMember("event", .string(name))] + (JSONValue.object(members).members ?? [])
    Report.line(JSONValue.object(all).compact)
  }

  func finished(_ outcome: ServiceOutcome) {
    let (service, version) = (outcome.service, outcome.version)
    guard !json else {
      return line(
        "finished",
        [
          "outcome": .string(outcome.result.rawValue), "service": .string(service),
          "version": .string(version),
        ])
    }
    switch outcome.result {
    case .installed: Report.line("\(service) \(version) is running and healthy.")
    case .alreadyRunning: Report.line("\(service) \(version) is already running; nothing to do.")
    case .unproven:
      Report.line("\(service) \(version) is in place. Its units run from it after their restart.")
    case .rolledBack: Report.line("\(service) is back at \(version), and healthy.")
    case .nothingThere: Report.line("\(service) stays at \(version).")
    }
  }
}
