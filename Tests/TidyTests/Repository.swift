import Foundation

/// The files of this repository as text, by their path from its root.
enum Repository {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Files that stand in the folder and begin with one of `folders`, without what is built.
  static func files(in folders: String..., suffixes: [String]) throws -> [String: String] {
    var found: [String: String] = [:]
    for folder in folders {
      let start = root.appending(path: folder)
      let paths = FileManager.default.enumerator(atPath: start.path)?.compactMap { $0 as? String }
      for path in paths ?? [] where suffixes.contains(where: path.hasSuffix) {
        let text = try String(contentsOf: start.appending(path: path), encoding: .utf8)
        found["\(folder)/\(path)"] = text
      }
    }
    return found
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  /// Every Markdown file: those at the top and those in `docs`.
  static func documents() throws -> [String: String] {
    var documents = try files(in: "docs", suffixes: [".md"])
    for name in try FileManager.default.contentsOfDirectory(atPath: root.path)
    where name.hasSuffix(".md") {
      documents[name] = try text(name)
    }
    return documents
  }

  /// What git tracks and what is there, by `git ls-files`.
  static func tracked() throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "-c", "safe.directory=*", "-C", root.path, "ls-files", "-z"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      .filter(isFile)
  }

  /// Neither a folder nor a link, which may lead out of the repository.
  private static func isFile(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: root.appending(path: path).path)
    return attributes?[.type] as? FileAttributeType == .typeRegular
  }
}

extension StringProtocol {
  /// The first group of each match of `pattern` (or the whole match, without a group), line ends included.
  func matches(_ pattern: String) throws -> [String] {
    let expression = try NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines])
    let text = String(self)
    return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap {
      Range($0.range(at: $0.numberOfRanges > 1 ? 1 : 0), in: text).map { String(text[$0]) }
    }
  }
}
