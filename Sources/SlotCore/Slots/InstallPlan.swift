/// How the frames of an image get into the target slot. `--dry-run` prints it; one executor performs it.
public struct InstallPlan: Equatable, Sendable {
  public enum Source: Equatable, Sendable {
    /// Read in the target in this run, and equal to its digest.
    case target
    /// Zeros.
    case zero
    /// Put together from the booted slot's image and a patch, or parts of the frame, of the bundle.
    case base
    /// To be fetched from the bundle.
    case bundle
  }

  /// Frames that stand side by side and come from the same source.
  public struct Run: Equatable, Sendable {
    public var frames: Range<Int>
    public var source: Source
  }

  /// All frames of the image, in order.
  public private(set) var runs: [Run] = []
  /// Stored bytes to be fetched, patches and parts of frames included.
  public private(set) var fetchBytes: UInt64 = 0
  /// Uncompressed bytes to be written, zeros included. Only blocks are written in which the target differs, so this is
  /// the most that it can be.
  public private(set) var writeBytes: UInt64 = 0
  /// Uncompressed bytes that the target already has.
  public private(set) var keptBytes: UInt64 = 0

  /// Stored bytes of all frames: what a device would fetch that has nothing of the image.
  public private(set) var fullFetchBytes: UInt64 = 0
  /// Uncompressed bytes of the frames to be written that are all zeros.
  public private(set) var zeroBytes: UInt64 = 0
  /// Uncompressed bytes of the frames that are put together from the booted slot.
  public private(set) var baseBytes: UInt64 = 0

  /// `inTarget` says which frames were read in the target and matched; `recipes` start from the image in the
  /// booted slot.
  public init(
    _ table: FrameTable, recipes: (any FrameRecipes)? = nil, inTarget: (Int) -> Bool
  ) {
    for index in 0..<table.count {
      let frame = table[index]
      fullFetchBytes += UInt64(frame.storedLength)
      guard !inTarget(index) else {
        keptBytes += UInt64(frame.length)
        append(index, .target)
        continue
      }
      writeBytes += UInt64(frame.length)
      if frame.codec == .zero {
        zeroBytes += UInt64(frame.length)
        append(index, .zero)
      } else if let recipe = recipes?[index] {
        fetchBytes += UInt64(recipe.fetchedLength)
        baseBytes += UInt64(frame.length)
        append(index, .base)
      } else {
        fetchBytes += UInt64(frame.storedLength)
        append(index, .bundle)
      }
    }
  }

  private mutating func append(_ index: Int, _ source: Source) {
    if let last = runs.last, last.source == source {
      runs[runs.count - 1].frames = last.frames.lowerBound..<index + 1
    } else {
      runs.append(Run(frames: index..<index + 1, source: source))
    }
  }

  /// The frames that come from `source`.
  public func frames(from source: Source) -> [Int] {
    runs.filter { $0.source == source }.flatMap { Array($0.frames) }
  }

  /// What does not have to travel when `fetched` bytes do.
  public func savedBytes(fetched: UInt64) -> UInt64 {
    fullFetchBytes - min(fullFetchBytes, fetched)
  }

  /// The target equals the image already.
  public var isEmpty: Bool { writeBytes == 0 }
}
