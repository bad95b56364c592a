/// Metrics in the text format of Prometheus, as node_exporter reads them from a file
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
public struct MetricsText: Sendable {
  /// A number and what it belongs to.
  public struct Sample: Sendable {
    let labels: [(name: String, value: String)]
    let value: String

    public init(_ value: Int64, _ labels: KeyValuePairs<String, String> = [:]) {
      self.value = String(value)
      self.labels = labels.map { ($0, $1) }
    }

    /// A time in seconds: `0.412`.
    public init(milliseconds: Int64) {
      let bounded = max(0, milliseconds)
      let rest = String(1000 + bounded % 1000).dropFirst()
      value = "\(bounded / 1000).\(rest)"
      labels = []
    }
  }

  public private(set) var text = ""

  public init() {}

  /// A gauge, with all its samples: what has none is left out.
  ///
  /// - Parameter help: one line.
  public mutating func add(_ name: String, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(MetricsText.escaped(help, quotes: false))\n# TYPE \(name) gauge\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0)=\"\(MetricsText.escaped($1, quotes: true))\"" }
      text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
      text += " \(sample.value)\n"
    }
  }

  public mutating func add(_ name: String, _ help: String, _ value: Int64?) {
    add(name, help, value.map { [Sample($0)] } ?? [])
  }

  private static func escaped(_ value: String, quotes: Bool) -> String {
    var text = ""
    for character in value.unicodeScalars {
      switch character {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\"" where quotes: text += "\\\""
      default: text.unicodeScalars.append(character)
      }
    }
    return text
  }
}
