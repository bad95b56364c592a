import Foundation

/// One JSON object as another program reads it.
struct JSONObject {
  let members: [String: Any]

  init(_ text: String) throws {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    guard let members = value as? [String: Any] else { throw CocoaError(.fileReadCorruptFile) }
    self.members = members
  }

  func text(_ name: String) -> String? { members[name] as? String }

  func number(_ name: String) -> Int? { members[name] as? Int }

  func list(_ name: String) -> [[String: Any]] { members[name] as? [[String: Any]] ?? [] }

  var names: Set<String> { Set(members.keys) }
}

/// What a command printed with `--json`: one event on each line.
func events(_ output: String) throws -> [JSONObject] {
  try output.split(separator: "\n").map { try JSONObject(String($0)) }
}
