/// `BootControl` in GRUB's environment, under the names that RAUC's scripts use.
///
/// `X_OK=1` is bootable, `X_TRY` counts the boots made. `TRIAL` is `A`, `B` or `-`; `BAD` is 64 zeros for
/// none, `WHY` a sentence of 120 characters filled up with spaces. All are fixed in width and stand directly
/// after the header, so that a change of them is a change within the first 512 bytes, which a disk writes
/// whole or not at all.
public enum GrubBootControl {
  static let names = ["ORDER", "A_OK", "A_TRY", "B_OK", "B_TRY", "TRIAL", "TRIES", "BAD", "WHY"]
  /// A longer comment could push the variables out of the first 512 bytes, and is dropped.
  private static let maximumComment = 128
  private static let noDigest = String(repeating: "0", count: 64)

  /// What a boot script reads, defaults included: a variable that is not there counts as in
  /// `BootControl.scriptDefaults`, one that makes no sense as "not bootable" or "no tries left".
  ///
  /// `defaultTries` counts where the environment has no `TRIES`, as on a device that ran RAUC.
  public static func read(
    _ environment: GrubEnvironment, defaultTries: Int = BootControl.defaultTries
  ) -> BootControl {
    let tries =
      environment["TRIES"].flatMap { digit($0) }
      .flatMap { BootControl.triesRange.contains($0) ? $0 : nil } ?? defaultTries
    func state(_ slot: SlotName) -> SlotBootState {
      let made = environment["\(slot.rawValue)_TRY"].map { digit($0) ?? 9 } ?? 0
      let ok = environment["\(slot.rawValue)_OK"] ?? "1"
      return SlotBootState(bootable: ok == "1", triesMade: made)
    }
    let order = environment["ORDER"].map { $0.split(separator: " ") } ?? []
    return BootControl(
      first: order.lazy.compactMap { SlotName(rawValue: String($0)) }.first ?? .a,
      a: state(.a), b: state(.b), trial: environment["TRIAL"].flatMap(SlotName.init(rawValue:)),
      tries: tries,
      lastBad: environment["BAD"].flatMap { $0 == noDigest ? nil : Digest(hex: $0) },
      reason: environment["WHY"].flatMap(reason))
  }

  /// The text of `WHY` without its padding; nil when there is none.
  private static func reason(_ padded: String) -> String? {
    let text = padded.utf8.prefix(BootControl.reasonLength)
    let end = text.lastIndex { $0 != UInt8(ascii: " ") }
    return end.map { String(decoding: text[...$0], as: UTF8.self).printable }
  }

  /// `WHY` is fixed in width: what a later write changes must stay within one sector.
  private static func padded(_ reason: String?) -> String {
    let text = reason.map(BootControl.bounded) ?? ""
    return text + String(repeating: " ", count: BootControl.reasonLength - text.utf8.count)
  }

  private static func digit(_ text: String) -> Int? {
    text.utf8.count == 1 ? Int(text) : nil
  }

  /// The environment with `control` in it, and every variable of others kept behind.
  ///
  /// - Throws: `nothingBootable`: such a state is never written.
  public static func write(
    _ control: BootControl, into environment: GrubEnvironment
  ) throws(BootControlFailure) -> GrubEnvironment {
    guard control.hasBootableSlot else {
      throw BootControlFailure(
        .nothingBootable, "refused to write a boot environment in which no slot is bootable")
    }
    func ok(_ slot: SlotName) -> String { control[slot].bootable ? "1" : "0" }
    func made(_ slot: SlotName) -> String { String(min(9, max(0, control[slot].triesMade))) }
    let values = [
      "\(control.first.rawValue) \(control.first.other.rawValue)",
      ok(.a), made(.a), ok(.b), made(.b),
      control.trial?.rawValue ?? "-",
      String(min(max(control.tries, BootControl.triesRange.lowerBound), 9)),
      control.lastBad?.hex ?? noDigest,
      padded(control.reason),
    ]
    var result = environment
    result.comments = environment.comments.filter { $0.count <= maximumComment }.suffix(1)
    let foreign = environment.variables.filter { !names.contains($0.name) }
    result.variables =
      zip(names, values).map { GrubEnvironment.Variable(name: $0, value: $1) } + foreign
    return result
  }
}

/// How a new environment block gets onto the disk.
public enum GrubWrite: Equatable, Sendable {
  case nothing
  /// Only the first 512 bytes differ: one write of one sector.
  case firstSector([UInt8])
  /// Variables of others have to move. Both halves change, so a second file takes the place of the first.
  case newFile([UInt8])

  public init(from current: [UInt8]?, to new: [UInt8]) {
    let atomic = GrubEnvironment.atomicByteCount
    guard let current, current.count == new.count else {
      self = .newFile(new)
      return
    }
    if current == new {
      self = .nothing
    } else if current[atomic...] == new[atomic...] {
      self = .firstSector(Array(new[..<atomic]))
    } else {
      self = .newFile(new)
    }
  }
}
