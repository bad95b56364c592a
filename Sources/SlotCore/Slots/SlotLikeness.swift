/// How many of a slot's blocks have to be those of an image for the slot to count as like it, such as one that holds an
/// older release. A block or two are alike in any two file systems.
enum SlotLikeness {
  /// One block in so many.
  private static let share = 16

  static func isEnough(alike: Int, of blocks: Int) -> Bool { alike * share >= blocks }
}
