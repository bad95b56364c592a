/// Why an archive is not unpacked.
public enum TreeCode: String, FailureCode {
  public static var domain: FailureDomain { .bundle }

  case malformedArchive = "malformed_archive"
  case nameNotUnicode = "name_not_unicode"
  case nameTooLong = "name_too_long"
  case absolutePath = "absolute_path"
  case parentPath = "parent_path"
  /// The folder that an entry stands in did not come before it as a folder.
  case noFolder = "no_folder"
  case duplicateEntry = "duplicate_entry"
  case linkOutside = "link_outside"
  /// A device, a fifo, a socket, or what nobody knows.
  case forbiddenType = "forbidden_type"
  case unannouncedPrivilege = "unannounced_privilege"
  case forbiddenAttribute = "forbidden_attribute"
  case sparseFile = "sparse_file"
  case tooManyEntries = "too_many_entries"
  case tooManyBytes = "too_many_bytes"
  /// Less than the manifest announces.
  case incompleteTree = "incomplete_tree"
}

public typealias TreeFailure = Failure<TreeCode>

extension Failure where Code == TreeCode {
  static let tellPublisher =
    "nothing was installed; tell the bundle's publisher: the bundle was made wrongly"

  public static func refused(_ code: TreeCode, _ what: String) -> TreeFailure {
    TreeFailure(code, "the bundle's archive is refused: \(what)", hint: tellPublisher)
  }
}
