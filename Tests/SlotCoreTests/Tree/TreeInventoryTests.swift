import SlotCore
import Testing

@Suite struct TreeInventoryTests {
  private let file = TreeInventory.Item.file(
    mode: 0o644, size: 3, content: digest("abc"), capability: [])

  private func inventory(_ items: KeyValuePairs<String, TreeInventory.Item>) -> TreeInventory {
    var inventory = TreeInventory()
    for (path, item) in items { inventory[Array(path.utf8)] = item }
    return inventory
  }

  @Test func theOrderDoesNotCount() {
    let one = inventory(["a": file, "b": .folder(mode: 0o755), "b/c": .link(target: [1])])
    let other = inventory(["b/c": .link(target: [1]), "b": .folder(mode: 0o755), "a": file])
    #expect(one.digest == other.digest)
    #expect(one.difference(from: other) == nil)
  }

  @Test func everythingCounts() {
    let base = inventory(["a": file, "b": .folder(mode: 0o755)])
    let others = [
      inventory(["a": file]),
      inventory(["a": file, "b": .folder(mode: 0o700)]),
      inventory(["a": file, "c": .folder(mode: 0o755)]),
      inventory(["a": .link(target: [2]), "b": .folder(mode: 0o755)]),
      inventory([
        "a": .file(mode: 0o755, size: 3, content: digest("abc"), capability: []),
        "b": .folder(mode: 0o755),
      ]),
      inventory([
        "a": .file(mode: 0o644, size: 3, content: digest("abd"), capability: []),
        "b": .folder(mode: 0o755),
      ]),
      inventory([
        "a": .file(mode: 0o644, size: 3, content: digest("abc"), capability: [1]),
        "b": .folder(mode: 0o755),
      ]),
    ]
    for other in others {
      #expect(other.digest != base.digest)
      #expect(other.difference(from: base) != nil)
    }
    #expect(Set(others.map(\.digest)).count == others.count)
  }
}
