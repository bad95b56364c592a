internal import SlotCore
internal import SystemPackage

/// What the running units of this product execute, read from /proc: systemd need not answer, nor be there.
extension MarkReader {
  /// Programs that stand for the container which they run.
  private static let containerPrograms: [String: ContainerManager] = [
    "docker": .docker, "podman": .podman, "conmon": .podman, "systemd-nspawn": .nspawn,
    "lxc-start": .lxc,
  ]
  private static let unitDirectories: [FilePath] = [
    "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system", "/lib/systemd/system",
  ]
  /// Programs that run a script, without the digits of a version.
  private static let interpreters: Set<String> = [
    "bash", "bun", "dash", "deno", "java", "lua", "node", "nodejs", "perl", "php", "python", "ruby",
    "sh", "zsh",
  ]

  func unitsInUse(trees: [String]) -> [UnitInUse] {
    var processes: [String: [String]] = [:]
    for process in Files.names(in: real("/proc")) where process.allSatisfy(\.isNumber) {
      if let unit = unit(ofProcess: process) { processes[unit, default: []].append(process) }
    }
    return processes.keys.sorted().filter { isOurs($0, trees: trees) }.flatMap { unit in
      let origins = (processes[unit] ?? []).map { origin(ofProcess: $0, trees: trees) }
      let telling = origins.filter { $0 != .system }
      let distinct = telling.enumerated().filter { !telling.prefix($0.offset).contains($0.element) }
      return distinct.isEmpty
        ? [UnitInUse(unit, .system)] : distinct.map { UnitInUse(unit, $0.element) }
    }
  }

  /// The system's unit that a process belongs to: the last service in the path of its control group (cgroups(7)).
  private func unit(ofProcess process: String) -> String? {
    let groups = text(FilePath("/proc/\(process)/cgroup")) ?? ""
    for line in groups.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[1].isEmpty || fields[1] == "name=systemd",
        !fields[2].hasPrefix("/user.slice")
      else { continue }
      let unit = fields[2].split(separator: "/").last { $0.hasSuffix(".service") }
      if let unit { return String(unit) }
    }
    return nil
  }

  /// A unit is of this product by its name, or because one of its files runs something from a tree.
  private func isOurs(_ unit: String, trees: [String]) -> Bool {
    if unit == "krux.service" || unit.hasPrefix("krux-") || unit.hasPrefix("krux@") { return true }
    guard !trees.isEmpty else { return false }
    return unitFiles(unit).contains { file in
      let text = Files.text(file) ?? ""
      return trees.contains { text.contains("\(servicesDirectory)/\($0)/") }
    }
  }

  /// The files that systemd reads for a unit (systemd.unit(5)), of an instance those of its template too.
  private func unitFiles(_ unit: String) -> [FilePath] {
    var names = [unit]
    if let at = unit.firstIndex(of: "@") { names.append(unit[...at] + ".service") }
    return MarkReader.unitDirectories.flatMap { directory in
      names.flatMap { name -> [FilePath] in
        let dropIns = real(directory).appending("\(name).d")
        return [real(directory).appending(name)]
          + Files.names(in: dropIns).filter { $0.hasSuffix(".conf") }.map { dropIns.appending($0) }
      }
    }
  }

  private func origin(ofProcess process: String, trees: [String]) -> UnitInUse.Origin {
    guard let program = link(FilePath("/proc/\(process)/exe")).map(MarkReader.withoutDeleted) else {
      return .system
    }
    for place in [program, script(ofProcess: process, program: program)].compactMap({ $0 }) {
      for path in [place, resolved(place)] {
        if isInTree(path, trees: trees) { return .tree }
        if let checkout = checkout(of: path, with: [".git"]) { return .checkout(checkout.string) }
      }
    }
    let manager = program.lastComponent.flatMap { MarkReader.containerPrograms[$0.string] }
    return manager.map { .container($0) } ?? .system
  }

  /// What an interpreter runs: its first word that is no option, from where it works. The words of any other program
  /// tell nothing: its configuration may well be kept in a history.
  private func script(ofProcess process: String, program: FilePath) -> FilePath? {
    let name = program.lastComponent?.string ?? ""
    guard MarkReader.interpreters.contains(String(name.prefix { $0.isLetter })) else { return nil }
    let bytes = (try? Files.read(real(FilePath("/proc/\(process)/cmdline")), limit: 1 << 21)) ?? []
    let words = bytes.split(separator: 0).dropFirst().map { String(decoding: $0, as: UTF8.self) }
    guard let word = words.first(where: { !$0.hasPrefix("-") }) else { return nil }
    // An absolute word takes the place of where it works.
    return link(FilePath("/proc/\(process)/cwd"))?.pushing(FilePath(word))
  }

  /// Below `NAME` or `NAME-VERSION` of a service that has a tree.
  private func isInTree(_ path: FilePath, trees: [String]) -> Bool {
    var inside = path
    guard inside.removePrefix(servicesDirectory), let first = inside.components.first?.string
    else { return false }
    return trees.contains { first == $0 || first.hasPrefix("\($0)-") }
  }

  /// proc(5): the kernel appends this to a program whose file was replaced.
  private static func withoutDeleted(_ path: FilePath) -> FilePath {
    let suffix = " (deleted)"
    return path.string.hasSuffix(suffix)
      ? FilePath(String(path.string.dropLast(suffix.count))) : path
  }
}
