extension TUF {
  /// Patterns of target paths (PATHPATTERN, section 4.5): those of a shell, each part between slashes for itself.
  enum PathPattern {
    static func matches(_ pattern: String, _ path: String) -> Bool {
      let (patterns, parts) = (split(pattern), split(path))
      return patterns.count == parts.count
        && zip(patterns, parts).allSatisfy { PartPattern($0).matches($1) }
    }

    private static func split(_ text: String) -> [[Unicode.Scalar]] {
      text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
    }
  }

  /// `*`, `?`, `[seq]` and `[!seq]`, as Python's `fnmatchcase` has them. A `[` without its `]` is a character.
  private struct PartPattern {
    private enum Item {
      case any
      case one
      case scalar(Unicode.Scalar)
      case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)

      func matches(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .any, .one: true
        case .scalar(let own): own == scalar
        case .set(let ranges, let isNegated):
          ranges.contains { $0.contains(scalar) } != isNegated
        }
      }

      var isAny: Bool { if case .any = self { true } else { false } }
    }

    private var items: [Item] = []

    init(_ pattern: [Unicode.Scalar]) {
      var index = 0
      while index < pattern.count {
        let scalar = pattern[index]
        index += 1
        switch scalar {
        case "*": items.append(.any)
        case "?": items.append(.one)
        case "[":
          guard let end = PartPattern.setEnd(pattern, index) else { fallthrough }
          items.append(PartPattern.set(pattern[index..<end]))
          index = end + 1
        default: items.append(.scalar(scalar))
        }
      }
    }

    /// Where the `]` stands of a set that begins at `start`. One that stands first is of the set.
    private static func setEnd(_ pattern: [Unicode.Scalar], _ start: Int) -> Int? {
      var first = start
      if first < pattern.count, pattern[first] == "!" { first += 1 }
      guard first + 1 < pattern.count else { return nil }
      return pattern[(first + 1)...].firstIndex(of: "]")
    }

    private static func set(_ text: ArraySlice<Unicode.Scalar>) -> Item {
      let isNegated = text.first == "!"
      var rest = isNegated ? text.dropFirst() : text
      var ranges: [ClosedRange<Unicode.Scalar>] = []
      while let first = rest.popFirst() {
        if rest.count >= 2, rest.first == "-" {
          let last = rest[rest.startIndex + 1]
          rest = rest.dropFirst(2)
          // A range the wrong way round holds nothing.
          if first <= last { ranges.append(first...last) }
        } else {
          ranges.append(first...first)
        }
      }
      return .set(ranges, isNegated: isNegated)
    }

    /// Only the last star is ever tried again, so the time is bounded by the product of both lengths.
    func matches(_ text: [Unicode.Scalar]) -> Bool {
      var (item, place) = (0, 0)
      var retry: (item: Int, place: Int)?
      while place < text.count {
        if item < items.count, items[item].isAny {
          retry = (item, place)
          item += 1
        } else if item < items.count, items[item].matches(text[place]) {
          item += 1
          place += 1
        } else if let last = retry {
          retry = (last.item, last.place + 1)
          (item, place) = (last.item + 1, last.place + 1)
        } else {
          return false
        }
      }
      return items[item...].allSatisfy(\.isAny)
    }
  }
}
