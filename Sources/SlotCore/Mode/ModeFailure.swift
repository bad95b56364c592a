/// Why a command cannot work in the mode that this machine was installed in.
public enum ModeCode: String, FailureCode {
  public static var domain: FailureDomain { .mode }

  case tree = "update_unsupported_in_tree_mode"
  case container = "update_unsupported_in_container_mode"
  case development = "update_unsupported_in_development_mode"
  /// Two modes at once.
  case mixed = "update_unsupported_in_mixed_mode"
}

public typealias ModeFailure = Failure<ModeCode>

/// What a command is about to do, and so what it needs.
public enum ModeWork: Sendable {
  /// Put an image into a slot.
  case install
  /// Return to the other slot.
  case rollBack
  /// Decide over a boot from a slot.
  case decide
  /// What images and services have in common: what a feed offers, and services themselves.
  case releases
}

extension ModeVerdict {
  /// Why `work` has to be refused; nil where it can be done. An unknown mode refuses nothing: what is missing is found,
  /// and said, by the part that misses it.
  public func refusal(_ marks: ModeMarks, _ work: ModeWork) -> ModeFailure? {
    switch self {
    case .unknown, .one(.image): nil
    case .one(.tree): work == .releases ? nil : ModeVerdict.treeRefusal(marks, work)
    case .one(.container): ModeVerdict.containerRefusal(marks)
    case .one(.development): ModeVerdict.developmentRefusal(marks)
    // The way back is never closed to a machine that boots from slots.
    case .mixed(let modes, _) where modes.contains(.image) && work != .install: nil
    case .mixed(let modes, let inUse): ModeVerdict.mixedRefusal(marks, modes, inUse)
    }
  }

  /// Whether there are slots whose state can be told, or at least nothing says that there are none.
  public var mayHaveSlots: Bool {
    switch self {
    case .unknown: true
    case .one(let mode): mode == .image
    case .mixed(let modes, _): modes.contains(.image)
    }
  }

  /// The stable name of the mode: that of `Mode`, `mixed` or `unknown`.
  public var name: String {
    switch self {
    case .unknown: "unknown"
    case .one(let mode): mode.rawValue
    case .mixed: "mixed"
    }
  }

  private static func treeRefusal(_ marks: ModeMarks, _ work: ModeWork) -> ModeFailure {
    let guidance = ModeGuidance(marks)
    let commands = guidance.treeCommands(insteadOf: work)
    return ModeFailure(
      .tree, "\(guidance.describe(.tree)), and this machine has no slots",
      hint: commands.first.map { "for services: \($0)" },
      details: .object(["mode": .string(Mode.tree.rawValue), "commands": .strings(commands)]))
  }

  private static func containerRefusal(_ marks: ModeMarks) -> ModeFailure {
    let guidance = ModeGuidance(marks)
    let commands = guidance.containerCommands
    let line = commands.joined(separator: " && ")
    return ModeFailure(
      .container,
      "\(guidance.describe(.container)), which is replaced from outside and not updated from within",
      hint: commands.isEmpty
        ? "update it with the tools of its host"
        : "on the host: \(line); then start the container anew from it",
      details: .object([
        "mode": .string(Mode.container.rawValue),
        "manager": (guidance.manager?.name).json, "image": (marks.container?.image).json,
        "seen": (marks.container?.seen).json, "commands": .strings(commands),
      ]))
  }

  private static func developmentRefusal(_ marks: ModeMarks) -> ModeFailure {
    let guidance = ModeGuidance(marks)
    return ModeFailure(
      .development, guidance.describe(.development),
      hint: "update it with: \(guidance.developmentCommands.joined(separator: " && "))",
      details: .object([
        "mode": .string(Mode.development.rawValue), "checkout": marks.checkouts.first.json,
        "commands": .strings(guidance.developmentCommands),
      ]))
  }

  private static func mixedRefusal(
    _ marks: ModeMarks, _ modes: [Mode], _ inUse: Mode?
  ) -> ModeFailure {
    let guidance = ModeGuidance(marks)
    let removals = modes.filter { $0 != inUse && $0 != .image }.map { guidance.removal(of: $0) }
    return ModeFailure(
      .mixed,
      "two installations at once: " + modes.map(guidance.describe).joined(separator: "; "),
      hint: guidance.usage(modes, inUse) + "; " + removals.map(\.text).joined(separator: "; "),
      details: .object([
        "mode": .string("mixed"), "modes": .strings(modes.map(\.rawValue)),
        "inUse": (inUse?.rawValue).json,
        "units": .array(
          marks.units.map {
            .object(["unit": .string($0.name), "mode": ($0.origin.mode?.rawValue).json])
          }),
        "commands": .strings(removals.flatMap(\.commands)),
      ]))
  }
}

extension UnitInUse.Origin {
  /// The mode whose files the unit executes; nil for those of the system.
  var mode: Mode? {
    switch self {
    case .tree: .tree
    case .checkout: .development
    case .container: .container
    case .system: nil
    }
  }
}
