internal import SlotCore
internal import SlotKit

/// What `status` says of the way this machine was installed.
extension MachineMode {
  /// The labels are stable. Nothing where no mode fits.
  var lines: [String] {
    let details = verdict.refusal(marks, .install)?.details
    func row(_ label: String, _ name: String) -> [String] {
      (details?[name]?.stringValue).map { [UpdateStatus.row(label, $0.printable)] } ?? []
    }
    let commands = (details?["commands"]?.arrayValue ?? []).compactMap(\.stringValue)
    let use = commands.joined(separator: " && ").printable
    switch verdict {
    case .unknown: return []
    case .one(let mode):
      let manager =
        mode == .container ? marks.container?.manager ?? marks.managersOfUnits.first : nil
      let detail = manager.map { " (\($0.name.printable))" } ?? ""
      return [UpdateStatus.row("Mode", mode.rawValue + detail)]
        + row("Image", "image") + row("Checkout", "checkout")
        + (mode == .tree ? [UpdateStatus.row("Services", trees)] : [])
        + (mode == .image || use.isEmpty ? [] : [UpdateStatus.row("Update with", use)])
    case .mixed(let modes, let inUse):
      let names = modes.map(\.rawValue).joined(separator: " and ")
      return [
        UpdateStatus.row("Mode", "MIXED (\(names))"),
        UpdateStatus.row("In use", inUse?.rawValue ?? "unknown"),
      ]
    }
  }

  private var trees: String {
    "\(marks.trees.map(\.printable).joined(separator: ", ")) (in \(marks.servicesDirectory.printable))"
  }

  /// What a person has to mend: two modes at once.
  var warnings: [String] {
    guard case .mixed = verdict, let refusal = verdict.refusal(marks, .install) else { return [] }
    return [refusal.message, refusal.hint].compactMap { $0 }
  }

  /// The object of `status --json` where there are no slots.
  func json(_ services: [ServiceStatus]) -> JSONValue {
    let details = verdict.refusal(marks, .install)?.details ?? .object([])
    return .object([
      JSONMember("type", .string("status")), JSONMember("format", .integer(1)),
      JSONMember("mode", .string(verdict.name)),
    ]).merging([
      "modes": details["modes"], "inUse": details["inUse"], "manager": details["manager"],
      "image": details["image"], "seen": details["seen"], "checkout": details["checkout"],
      "units": details["units"],
      "trees": marks.trees.isEmpty ? nil : .strings(marks.trees),
      "services": .array(services.map(\.json)),
      "commands": details["commands"], "warnings": .strings(warnings),
    ])
  }
}
