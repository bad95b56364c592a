/// How long programs have been kept waiting so far: what the kernel's pressure stall information says, by the place
/// where it was read.
public struct PressureReading: Equatable, Sendable {
  /// Microseconds in which at least one task of the group waited for the resource.
  public private(set) var stalled: [String: UInt64] = [:]

  public init() {}

  /// Takes a pressure file of the kernel. One without a total is left out.
  public mutating func add(_ place: String, _ text: String) {
    if let total = PressureReading.total(text) { stalled[place] = total }
  }

  public var isEmpty: Bool { stalled.isEmpty }

  /// The longest wait of any one place since `earlier`, in microseconds. A place that is new, or counts anew, has
  /// nothing to compare with.
  public func longestStall(since earlier: PressureReading) -> UInt64 {
    var longest: UInt64 = 0
    for (place, total) in stalled {
      guard let before = earlier.stalled[place], total > before else { continue }
      longest = max(longest, total - before)
    }
    return longest
  }

  /// Of `some avg10=0.00 avg60=0.00 avg300=0.00 total=123`. The averages are too slow to go by.
  static func total(_ text: String) -> UInt64? {
    for line in text.split(separator: "\n") where line.hasPrefix("some ") {
      let field = line.split(separator: " ").first { $0.hasPrefix("total=") }
      return field.flatMap { UInt64($0.dropFirst("total=".count)) }
    }
    return nil
  }
}
