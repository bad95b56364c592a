/// How the frames of an artefact are put together.
public protocol FrameRecipes: Sendable {
  /// Nil: the frame is zero, or has to be fetched from the bundle's frames.
  subscript(index: Int) -> FrameRecipe? { get }
  /// Bytes from the start of the payload that the recipes take from to what is there for frame `index`.
  func payloadOffset(of index: Int) -> UInt64
}

/// How one frame is put together from an older image, the base, and a patch.
public struct FrameRecipe: Equatable, Sendable {
  public enum Source: Equatable, Sendable {
    case zero
    /// Bytes from the start of the base.
    case base(UInt64)
    /// The next bytes that the patch gives.
    case patch
    /// The same bytes of the frame itself, which the bundle has as they are. In no delta.
    case stored
    /// A whole chunk of the frame itself, which is compressed. In no delta.
    case chunk(StoredChunk)
  }

  /// Bytes that stand side by side and come from one source, whole blocks.
  public struct Segment: Equatable, Sendable {
    public var source: Source
    /// Bytes.
    public var length: Int

    public init(_ source: Source, length: Int) {
      self.source = source
      self.length = length
    }
  }

  /// One zstd frame, compressed with parts of the base as its prefix.
  public struct Patch: Equatable, Sendable {
    /// Bytes of the base, whole blocks: one after another they are the prefix.
    public var windows: [Range<UInt64>]
    public var storedLength: Int
    /// Of the bytes as they stand in the payload: checked before they are decoded.
    public var storedDigest: Digest

    public init(windows: [Range<UInt64>], storedLength: Int, storedDigest: Digest) {
      self.windows = windows
      self.storedLength = storedLength
      self.storedDigest = storedDigest
    }

    /// Bytes.
    public var prefixLength: Int { windows.reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) } }
  }

  public var segments: [Segment]
  /// There when a segment comes from it.
  public var patch: Patch?

  public init(segments: [Segment], patch: Patch?) {
    self.segments = segments
    self.patch = patch
  }

  /// What the patch decodes to, in bytes.
  public var patchedLength: Int {
    segments.reduce(0) { $1.source == .patch ? $0 + $1.length : $0 }
  }

  /// What has to be fetched, in bytes.
  public var fetchedLength: Int {
    segments.reduce(patch?.storedLength ?? 0) { $0 + $1.fetchedLength }
  }
}

extension FrameRecipe.Segment {
  /// What has to be fetched for it alone, in bytes.
  public var fetchedLength: Int {
    switch source {
    case .stored: length
    case .chunk(let chunk): chunk.length
    case .zero, .base, .patch: 0
    }
  }
}

extension [FrameRecipe.Segment] {
  /// Lengthens the last segment where `source` goes on from it.
  public mutating func append(_ source: FrameRecipe.Source, length: Int) {
    if let last, last.isFollowed(by: source) {
      self[count - 1].length += length
    } else {
      append(FrameRecipe.Segment(source, length: length))
    }
  }
}

extension FrameRecipe.Segment {
  fileprivate func isFollowed(by next: FrameRecipe.Source) -> Bool {
    switch (source, next) {
    case (.zero, .zero), (.patch, .patch), (.stored, .stored): true
    case (.base(let offset), .base(let following)): offset + UInt64(length) == following
    default: false
    }
  }
}

// MARK: - The bytes of a recipe: docs/formats/bundle.md

extension FrameRecipe {
  private enum Code {
    static let zero: UInt64 = 0
    static let base: UInt64 = 1
    static let patch: UInt64 = 2
    /// Of the base, from a byte where no block begins.
    static let bytes: UInt64 = 3
  }

  /// What a reader knows before it reads a recipe.
  struct Place {
    /// Blocks of the image before this frame.
    let firstBlock: UInt64
    /// Blocks of this frame.
    let blocks: UInt64
    /// Blocks of the base.
    let baseBlocks: UInt64

    /// Bytes from the start of the image.
    fileprivate var start: UInt64 { firstBlock * FrameRecipe.blockBytes }
    fileprivate var baseBytes: UInt64 { baseBlocks * FrameRecipe.blockBytes }
  }

  private static let blockBytes = UInt64(BundleLimits.blockBytes)

  func encode(at place: Place, into output: inout VariableIntegers.Writer) {
    output.put(UInt64(segments.count))
    var expected = place.start
    for segment in segments {
      let blocks = UInt64(segment.length) / FrameRecipe.blockBytes
      switch segment.source {
      case .zero: output.put(blocks << 2 | Code.zero)
      case .patch: output.put(blocks << 2 | Code.patch)
      case .base(let offset) where offset % FrameRecipe.blockBytes == 0:
        let (source, following) = (
          offset / FrameRecipe.blockBytes, expected / FrameRecipe.blockBytes
        )
        output.put(blocks << 2 | Code.base)
        output.put(signed: Int64(source) - Int64(following))
        expected = offset
      case .base(let offset):
        output.put(blocks << 2 | Code.bytes)
        output.put(signed: Int64(offset) - Int64(expected))
        expected = offset
      // In no delta; a reader would refuse what is left.
      case .stored, .chunk: continue
      }
      expected += UInt64(segment.length)
    }
    guard let patch else { return }
    output.put(UInt64(patch.windows.count))
    var end = place.firstBlock
    for window in patch.windows {
      let start = window.lowerBound / FrameRecipe.blockBytes
      output.put(signed: Int64(start) - Int64(end))
      output.put(window.upperBound / FrameRecipe.blockBytes - start)
      end = window.upperBound / FrameRecipe.blockBytes
    }
    output.put(UInt64(patch.storedLength))
    output.put(patch.storedDigest.bytes)
  }

  /// Nil for what no publisher writes: sources outside the base, segments that are not the frame, a patch that
  /// takes more memory than `BundleLimits` allows. A recipe without segments leaves the frame to the bundle.
  init?(decoding input: inout VariableIntegers.Reader, at place: Place) {
    guard let count = input.next() else { return nil }
    segments = []
    var expected = place.start
    var done: UInt64 = 0
    for _ in 0..<count {
      guard let head = input.next(), case let blocks = head >> 2, blocks > 0,
        blocks <= place.blocks - done
      else { return nil }
      let length = Int(blocks * FrameRecipe.blockBytes)
      switch head & 3 {
      case Code.zero: segments.append(Segment(.zero, length: length))
      case Code.patch: segments.append(Segment(.patch, length: length))
      case Code.base:
        let following = expected / FrameRecipe.blockBytes
        guard let source = input.next(from: following, below: place.baseBlocks),
          blocks <= place.baseBlocks - source
        else { return nil }
        expected = source * FrameRecipe.blockBytes
        segments.append(Segment(.base(expected), length: length))
      default:
        // What begins with a block has one form only.
        guard let source = input.next(from: expected, below: place.baseBytes),
          source % FrameRecipe.blockBytes != 0, UInt64(length) <= place.baseBytes - source
        else { return nil }
        expected = source
        segments.append(Segment(.base(source), length: length))
      }
      expected += UInt64(length)
      done += blocks
    }
    guard count == 0 || done == place.blocks else { return nil }
    patch = nil
    if segments.contains(where: { $0.source == .patch }) {
      guard let read = FrameRecipe.patch(&input, place) else { return nil }
      patch = read
    }
  }

  private static func patch(
    _ input: inout VariableIntegers.Reader, _ place: Place
  ) -> Patch? {
    guard let count = input.next(), count <= BundleLimits.patchWindows else { return nil }
    var windows: [Range<UInt64>] = []
    var end = place.firstBlock
    var left = UInt64(BundleLimits.patchPrefixBytes) / blockBytes
    for _ in 0..<count {
      guard let start = input.next(from: end, below: place.baseBlocks), let blocks = input.next(),
        blocks > 0, blocks <= min(left, place.baseBlocks - start)
      else { return nil }
      left -= blocks
      end = start + blocks
      windows.append(start * blockBytes..<end * blockBytes)
    }
    guard let stored = input.next(), stored > 0, stored <= place.blocks * blockBytes,
      let digest = input.bytes(Digest.byteCount).flatMap({ Digest(bytes: $0) })
    else { return nil }
    return Patch(windows: windows, storedLength: Int(stored), storedDigest: digest)
  }
}
