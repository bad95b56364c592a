/// Words for people, and commands for them to run, about the modes of a machine.
public struct ModeGuidance: Sendable {
  private let marks: ModeMarks

  public init(_ marks: ModeMarks) { self.marks = marks }

  var manager: ContainerManager? { marks.container?.manager ?? marks.managersOfUnits.first }

  /// What of the machine is installed in this mode.
  public func describe(_ mode: Mode) -> String {
    switch mode {
    case .image: return "this machine boots from slots"
    case .tree:
      let names = marks.trees.map(\.printable).joined(separator: ", ")
      let which = names.isEmpty ? "" : " (\(names))"
      return "services are installed as trees in \(marks.servicesDirectory.printable)\(which)"
    case .container:
      let name = manager?.name.printable ?? "an unknown manager"
      return marks.container != nil
        ? "this system is a container of \(name)"
        : "\(units(of: .container).joined(separator: ", ")) runs a container of \(name)"
    case .development:
      let places = marks.checkouts.map(\.printable).joined(separator: " and ")
      return "this product runs from the source checkout \(places)"
    }
  }

  // MARK: - What to use instead

  func treeCommands(insteadOf work: ModeWork) -> [String] {
    switch work {
    case .install: ["krux-update apply --service-only"]
    case .rollBack: marks.trees.map { "krux-update rollback --service \(ModeGuidance.word($0))" }
    // Nothing is booted on trial here, so there is nothing to decide.
    case .decide, .releases: []
    }
  }

  var containerCommands: [String] {
    let image = marks.container?.image.map(ModeGuidance.word) ?? "IMAGE"
    return switch manager {
    case .docker: ["docker pull \(image)"]
    case .podman where marks.container == nil: ["podman auto-update"]
    case .podman: ["podman pull \(image)"]
    case .kubernetes: ["kubectl set image WORKLOAD CONTAINER=\(image)"]
    case .nspawn: ["machinectl pull-tar --force ADDRESS MACHINE"]
    // Each of these is run by more than one set of tools.
    case .lxc, .openvz, .wsl, .other, nil: []
    }
  }

  var developmentCommands: [String] {
    let checkout = marks.checkouts.first.map(ModeGuidance.word) ?? "CHECKOUT"
    return ["git -C \(checkout) pull", "make -C \(checkout) install"]
  }

  // MARK: - Two at once

  /// Which of them is in use, and what tells.
  func usage(_ modes: [Mode], _ inUse: Mode?) -> String {
    let told = modes.filter { !units(of: $0).isEmpty }
      .map { "\(units(of: $0).joined(separator: ", ")) (\($0.rawValue))" }
    switch (inUse, told.isEmpty) {
    case (let mode?, true): return "in use is '\(mode.rawValue)', since no unit runs another"
    case (let mode?, false):
      return
        "in use is '\(mode.rawValue)', which the units execute: \(told.joined(separator: ", "))"
    case (nil, true): return "no running unit tells which one is in use"
    case (nil, false): return "units execute more than one: \(told.joined(separator: ", "))"
    }
  }

  /// How to end a mode on this machine. A checkout is never removed by a command: it may hold work that nobody has.
  func removal(of mode: Mode) -> (text: String, commands: [String]) {
    let commands: [String]
    switch mode {
    case .image: commands = []
    case .tree:
      let directory = ModeGuidance.word(marks.servicesDirectory)
      commands = marks.trees.map(ModeGuidance.word).map {
        "rm -r \(directory)/\($0) \(directory)/\($0)-*"
      }
    case .container:
      commands = units(of: .container).map { "systemctl disable --now \(ModeGuidance.word($0))" }
    case .development:
      commands = units(of: .development).map {
        "systemctl revert \(ModeGuidance.word($0)) && systemctl restart \(ModeGuidance.word($0))"
      }
    }
    let line = commands.joined(separator: " && ")
    if mode == .development, marks.programCheckout != nil {
      let own = "start the installed krux-update, not the one in the checkout"
      return (commands.isEmpty ? own : "to leave 'development': \(line), and \(own)", commands)
    }
    return ("to remove '\(mode.rawValue)': \(line.isEmpty ? "by hand" : line)", commands)
  }

  private func units(of mode: Mode) -> [String] {
    marks.units.filter { $0.origin.mode == mode }.map(\.name.printable)
  }

  /// One word of a shell's command line.
  private static func word(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || "/._-:@+%".unicodeScalars.contains(scalar))
    }
    if plain, !text.isEmpty { return text }
    return "'"
      + text.printable.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
