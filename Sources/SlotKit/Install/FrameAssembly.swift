internal import SlotCore

/// Puts the frames of one span together, in the buffers of one working thread.
final class FrameAssembly {
  /// Where the frames of the span come to stand.
  let plain: AlignedBuffer
  /// For what stands in the target.
  let target: AlignedBuffer
  private let prefix = AlignedBuffer(byteCount: BundleLimits.patchPrefixBytes)
  private let decoder = FrameDecoder()
  private let table: FrameTable
  private let source: RebuildSource
  /// One place of the base at a time.
  private let readsAlone: Bool

  init(_ table: FrameTable, _ source: RebuildSource, _ spans: FrameSpans, readsAlone: Bool) {
    self.readsAlone = readsAlone
    self.table = table
    self.source = source
    plain = AlignedBuffer(byteCount: spans.byteCapacity)
    target = AlignedBuffer(byteCount: spans.byteCapacity)
  }

  /// Returns those of `wanted` that are in `plain` now, each proved by its digest. `fetched` holds what the recipes of
  /// all frames of the span take from the bundle, one after another.
  func assemble(_ wanted: [Int], of span: Range<Int>, fetched: AlignedBuffer) -> [Int] {
    var possible: [Int] = []
    var copies: [Copy] = []
    var chunks: [ChunkDecoding] = []
    var used = 0
    var rest = wanted[...]
    for index in span {
      // The plan took it only because there is one.
      guard let recipe = source.recipes[index] else { continue }
      let count = recipe.fetchedLength
      if rest.first == index {
        rest.removeFirst()
        let start = Int(table[index].imageOffset - table[span.lowerBound].imageOffset)
        let place = start..<start + table[index].length
        let bytes = UnsafeRawBufferPointer(fetched.slice(used, count))
        if prepare(recipe, bytes, at: place, &copies, &chunks) { possible.append(index) }
      }
      used += count
    }
    let start = table[span.lowerBound].imageOffset
    perform(copies)
    // What does not decode does not match its digest.
    for chunk in chunks { _ = decode(chunk) }
    return table.matching(possible, in: UnsafeRawBufferPointer(plain.bytes), from: start)
  }

  /// Everything of one frame but what is copied from the base, which goes to `copies`, and what is decoded behind that,
  /// which goes to `chunks`. False when it cannot be had.
  private func prepare(
    _ recipe: FrameRecipe, _ fetched: UnsafeRawBufferPointer, at place: Range<Int>,
    _ copies: inout [Copy], _ chunks: inout [ChunkDecoding]
  ) -> Bool {
    var rest = fetched
    if let described = recipe.patch {
      // The bundle has the whole frame too, so damage here is no reason to give up.
      guard Digest(of: fetched) == described.storedDigest else { return false }
      // In the end of the frame's place: from there all of it moves towards the start, never over what is still to move.
      let patched = plain.slice(
        place.upperBound - recipe.patchedLength, recipe.patchedLength)
      guard readsBase(described.windows),
        decoder.decode(
          fetched, prefix: UnsafeRawBufferPointer(prefix.prefix(described.prefixLength)),
          into: patched)
      else { return false }
      rest = UnsafeRawBufferPointer(patched)
    }
    var done = place.lowerBound
    for segment in recipe.segments {
      switch segment.source {
      case .zero:
        plain.slice(done, segment.length).initializeMemory(as: UInt8.self, repeating: 0)
      case .patch, .stored:
        plain.slice(done, segment.length).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: rest.prefix(segment.length)))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(segment.length))
      case .base(let offset): copies.append(offset, segment.length, to: done)
      case .chunk(let chunk):
        let stored = UnsafeRawBufferPointer(rebasing: rest.prefix(chunk.length))
        guard chunk.matches(stored) else { return false }
        chunks.append(
          ChunkDecoding(
            stored: stored, frame: place.lowerBound, place: done, length: segment.length))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(chunk.length))
      }
      done += segment.length
    }
    return true
  }

  /// The frame's bytes before a chunk are there: chunks are decoded in their order.
  private func decode(_ chunk: ChunkDecoding) -> Bool {
    decoder.decode(
      chunk.stored,
      prefix: UnsafeRawBufferPointer(plain.slice(chunk.frame, chunk.place - chunk.frame)),
      into: plain.slice(chunk.place, chunk.length))
  }

  private func readsBase(_ windows: [Range<UInt64>]) -> Bool {
    var count = 0
    let reads = windows.map { window in
      defer { count += window.count }
      return SlotRead(into: prefix.slice(count, window.count), at: window.lowerBound)
    }
    return readBase(reads).isEmpty
  }

  private func perform(_ copies: [Copy]) {
    let atBlocks = copies.filter(\.startsAtBlock)
    let reads = atBlocks.map { SlotRead(into: plain.slice($0.place, $0.length), at: $0.offset) }
    for number in readBase(reads) { performByFrames(atBlocks[number]) }
    for copy in copies where !copy.startsAtBlock {
      if readsBase(at: copy.offset, into: plain.slice(copy.place, copy.length)) { continue }
      performByFrames(copy)
    }
  }

  /// What stands side by side in the base is one copy, though it belongs to several frames. Where that cannot be read, some
  /// of them may: what is not read does not match its digest.
  private func performByFrames(_ copy: Copy) {
    let frameSize = table[0].length
    var done = 0
    while done < copy.length {
      let place = copy.place + done
      let count = min(copy.length - done, frameSize - place % frameSize)
      _ = readsBase(at: copy.offset + UInt64(done), into: plain.slice(place, count))
      done += count
    }
  }

  /// The numbers of those that cannot be read.
  private func readBase(_ reads: [SlotRead]) -> [Int] {
    if readsAlone { return reads.indices.filter { !source.base.isRead(reads[$0]) } }
    return source.base.read(reads)
  }

  /// A booted slot that cannot be read in places is no reason to give up: the bundle has the frame.
  private func readsBase(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    do {
      if Copy.startsAtBlock(offset) {
        try source.base.read(into: buffer, at: offset)
      } else {
        try readBetweenBlocks(at: offset, into: buffer)
      }
    } catch { return false }
    return true
  }

  /// A device gives whole blocks. Patches are decoded before anything is copied, so `prefix` is free.
  private func readBetweenBlocks(
    at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws {
    let block = BundleLimits.blockBytes
    var done = 0
    while done < buffer.count {
      let place = offset + UInt64(done)
      let before = Int(place % UInt64(block))
      let count = min(buffer.count - done, prefix.bytes.count - before)
      let whole = prefix.prefix((before + count + block - 1) / block * block)
      try source.base.read(into: whole, at: place - UInt64(before))
      UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: whole[before..<before + count]))
      done += count
    }
  }
}

/// A chunk that was fetched.
private struct ChunkDecoding {
  let stored: UnsafeRawBufferPointer
  /// Bytes from the start of the span to its frame, and to where it comes to stand.
  let frame: Int
  let place: Int
  /// Uncompressed bytes.
  let length: Int
}

/// Bytes of the base that come to stand in a span.
private struct Copy {
  let offset: UInt64
  var length: Int
  /// Bytes from the start of the span.
  let place: Int

  /// A device reads nothing else.
  var startsAtBlock: Bool { Copy.startsAtBlock(offset) }

  static func startsAtBlock(_ offset: UInt64) -> Bool {
    offset.isMultiple(of: UInt64(BundleLimits.blockBytes))
  }
}

extension [Copy] {
  fileprivate mutating func append(_ offset: UInt64, _ length: Int, to place: Int) {
    if let last, last.offset + UInt64(last.length) == offset, last.place + last.length == place {
      self[count - 1].length += length
    } else {
      append(Copy(offset: offset, length: length, place: place))
    }
  }
}
