internal import SlotCore

/// A reader of bytes from outside, and what has to hold for whatever it is given.
///
/// A Swift trap, a report of AddressSanitizer and a `require` that does not hold all end the process. An input is
/// refused by throwing one of the project's failures, or it is accepted, and then the properties are looked at.
struct FuzzTarget: Sendable {
  let name: String
  /// Bytes of the longest input that is worth trying.
  let maximumLength: Int
  let body: @Sendable ([UInt8]) throws -> Void

  /// What libFuzzer calls has no context of its own, and it calls it from one thread.
  nonisolated(unsafe) static var chosen: FuzzTarget?

  static let all: [FuzzTarget] =
    bundleTargets + deltaTargets + blockTargets + trustTargets + feedTargets
    + feedFileTargets + bootTargets
    + stateTargets + recordTargets + autoTargets + treeTargets
    + healthTargets + fetchTargets + systemTargets + [control]

  func run(_ bytes: [UInt8]) {
    do { try body(bytes) } catch { FuzzTarget.check(refusal: error) }
  }

  /// A refusal is one printable sentence, whatever was in the input.
  private static func check(refusal: any Error) {
    if refusal is JSONError { return }
    guard let failure = refusal as? any ActionableError else {
      fatalError("an error of no domain: \(refusal)")
    }
    for words in [failure.message, failure.hint ?? "none"] {
      require(!words.isEmpty, "a refusal says something")
      require(words == words.printable, "a refusal is printable: \(words)")
    }
  }
}

/// A property of a target. `what` says what holds.
func require(
  _ holds: Bool, _ what: @autoclosure () -> String, file: StaticString = #file, line: UInt = #line
) {
  guard holds else { fatalError("does not hold: \(what())", file: file, line: line) }
}

extension FuzzTarget {
  /// The negative control: a trap that only an input made by coverage finds. `Fuzz/run` expects it to be found.
  static let control = FuzzTarget(name: "control", maximumLength: 64) { bytes in
    guard bytes.starts(with: Array("krux".utf8)), bytes.count > 7 else { return }
    guard bytes[4] &+ bytes[5] == 0xA5 else { return }
    // As where a length from outside is believed.
    _ = bytes[Int(bytes[6])]
  }
}
