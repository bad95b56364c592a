/// Files that minisign 0.11 wrote: `minisign -G -W`, then `-S` and `-S -l` over "hello krux\n".
enum MinisignSamples {
  static let message = Array("hello krux\n".utf8)

  static let publicKey = """
    untrusted comment: minisign public key 5BCFBCC41EBBE0AF
    RWSv4LsexLzPW7SeYNP0Z++sptHpWjB1BETuraTKVtB5R6KlZucp5YV4

    """

  static let secretKey = """
    untrusted comment: minisign encrypted secret key
    RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAr+C7HsS8z1tbEpvNzAzQt\
    gnjZH+YE3sggcco1j7BbSJogYbc42kYD7SeYNP0Z++sptHpWjB1BETuraTKVtB5R6KlZucp5YV4AAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAA=

    """

  /// The same key under the password "secret", at a cheap cost (scrypt N 1024, r 8, p 1), made with
  /// another implementation of scrypt and BLAKE2b.
  static let encryptedKey = """
    untrusted comment: minisign encrypted secret key
    RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AgAAAAAAAAAAAAAEAAAAAcewvMo1TbEIoTj+D0P97PnHi\
    tOUCe99VPPv5vDQagYh8wSYQf8APF3+CEmcm69HDl1qUOV+Pi48W4hdZXqvjpAZ14tWXcZiNvv8+v6sgZ6bfmF5LYnYW3PBa\
    LOKXdjCaN0DzLMDXkww=

    """

  static let signature = """
    untrusted comment: signature from minisign secret key
    RUSv4LsexLzPW1DVsLVofgzL2bkNvAtnyfeontk2AZ9cgV71gvo1gDxln5Avl5DMOfkTPsB6qx5Dq7b9wHI3Wsme9/NmLlD/IwM=
    trusted comment: trusted words
    8Fd7d3c0ZhKNgoMmJKz3VAgbvq9hoToZqyeNmtQ3pD/37g9RXMNAm5Dv7Lg28ob0K8qno2E1ZKa/0Co7/QFPBQ==

    """

  static let legacySignature = """
    untrusted comment: signature from minisign secret key
    RWSv4LsexLzPWwpU/04Dxn0sTwfjYMnvEijdmNYOmeCp/kyUIvxVACFhAfLsv0t21gGyzI7zVuzEuyvoQUau6HuaST/dsJXlEAQ=
    trusted comment: trusted words
    +q6JzdZpIeDK4Ht03ZPPkIdT1aUCxP/gEIDznBzfhIAzdM+C2r5s0i8EehkUsTIN8wtwKbzW5WIuf+Ph021oCg==

    """
}
