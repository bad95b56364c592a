/// Which ranges of a file are asked for, made of those that are wanted.
enum RangePlan {
  /// A request and the headers of its answer are about 600 bytes, and their packets the rest: up to this distance
  /// reading on costs less than asking again.
  static let gapBytes: UInt64 = 1024
  /// Each request is a part of a round trip. Where there would be more, the smallest gaps are read through.
  static let maximumCount = 2048

  /// `wanted`, which ascend, from `start` on, with the gaps closed that cost more than the bytes in them.
  static func merged(_ wanted: [Range<UInt64>], from start: UInt64 = 0) -> [Range<UInt64>] {
    let ahead = wanted.filter { $0.upperBound > start && !$0.isEmpty }
      .map { max($0.lowerBound, start)..<$0.upperBound }
    let merged = joined(ahead, closing: gapBytes)
    guard merged.count > maximumCount else { return merged }
    let gaps = zip(merged, merged.dropFirst()).map { $1.lowerBound - $0.upperBound }.sorted()
    return joined(merged, closing: gaps[merged.count - maximumCount - 1])
  }

  private static func joined(
    _ ranges: [Range<UInt64>], closing gap: UInt64
  ) -> [Range<UInt64>] {
    var joined: [Range<UInt64>] = []
    for range in ranges {
      if let last = joined.last,
        range.lowerBound <= last.upperBound || range.lowerBound - last.upperBound <= gap
      {
        joined[joined.count - 1] =
          last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    return joined
  }
}
