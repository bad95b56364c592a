internal import CBlake2b

/// What a processor may have to digest several messages at once. Which it has is asked when the first are digested.
public enum DigestLanes: CaseIterable, Sendable {
  case avx512, avx2

  /// Messages that are digested at once.
  fileprivate static let count = Int(KBLAKE2B_LANES)

  /// The fastest that this processor has; nil for none.
  public static let best = allCases.first(where: \.isAvailable)

  /// Whether this processor has these instructions: `cpuid`.
  public var isAvailable: Bool { kblake2b_has(instructions) }

  fileprivate var instructions: kblake2b_instructions {
    switch self {
    case .avx512: KBLAKE2B_AVX512
    case .avx2: KBLAKE2B_AVX2
    }
  }
}

extension Digest {
  /// The digests of `messages`, in their order, which may have different lengths.
  ///
  /// Two to four messages take about as long as one alone, so who has many to prove gives them all.
  /// `lanes` must be available; with nil, each message goes through libsodium by itself.
  public static func each(
    of messages: [UnsafeRawBufferPointer], by lanes: DigestLanes? = .best
  ) -> [Digest] {
    var digests: [Digest] = []
    digests.reserveCapacity(messages.count)
    var rest = messages[...]
    if let lanes {
      while rest.count > 1, let some = Digest.together(rest.prefix(DigestLanes.count), lanes) {
        digests += some
        rest = rest.dropFirst(DigestLanes.count)
      }
    }
    return digests + rest.map { Digest(of: $0) }
  }

  /// Of at most as many messages as there are lanes: the others have nothing to digest.
  private static func together(
    _ messages: ArraySlice<UnsafeRawBufferPointer>, _ lanes: DigestLanes
  ) -> [Digest]? {
    var starts = [UnsafeRawPointer?](repeating: nil, count: DigestLanes.count)
    var lengths = [Int](repeating: 0, count: DigestLanes.count)
    for (lane, message) in messages.enumerated() {
      starts[lane] = message.baseAddress
      lengths[lane] = message.count
    }
    var output = [UInt8](repeating: 0, count: DigestLanes.count * byteCount)
    guard kblake2b_digest(lanes.instructions, starts, lengths, &output) else { return nil }
    let digests = (0..<messages.count).compactMap { lane in
      Digest(bytes: output[lane * byteCount..<(lane + 1) * byteCount])
    }
    return digests.count == messages.count ? digests : nil
  }
}
