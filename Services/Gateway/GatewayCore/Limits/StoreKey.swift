internal import Crypto

/// The names under which Redis keeps what is counted: `assay:rl1:{<tenant>}:t`, `…:k:<API key>`,
/// `…:c:<client>`, and with `:m:<method>` behind the caller what is counted for one method.
///
/// The braces make all keys of a tenant lie on one node of a cluster. `rl1` is the version of the
/// layout. A value does not depend on the rule: it is a time in microseconds as decimal text.
enum StoreKey {
    static func bytes(_ question: LimitQuestion, _ level: LimitRule.Level) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(64 + question.tenant.utf8.count + question.caller.utf8.count)
        key += prefix
        append(question.tenant, to: &key)
        if level == .tenant {
            key += tenantEnd
            return key
        }
        key += question.isClient ? clientMark : keyMark
        append(question.caller, to: &key)
        if level == .method {
            key += methodMark
            key += hexadecimal(question.method)
        }
        return key
    }

    private static let prefix = Array("assay:rl1:{".utf8)
    private static let tenantEnd = Array("}:t".utf8)
    private static let clientMark = Array("}:c:".utf8)
    private static let keyMark = Array("}:k:".utf8)
    private static let methodMark = Array(":m:".utf8)

    /// A name that could be mistaken for something else, or that may be a person's, such as the subject
    /// of a token, is replaced by the beginning of its hash.
    private static func append(_ name: String, to key: inout [UInt8]) {
        if isSafe(name) {
            key += name.utf8
        } else {
            let digest = SHA256.hash(data: Array(name.utf8))
            // Which no safe name begins with.
            key.append(UInt8(ascii: "~"))
            key += Base32.encode(digest).utf8.prefix(hashedLength)
        }
    }

    static let hashedLength = 26

    static func isSafe(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func hexadecimal(_ number: UInt32) -> [UInt8] {
        stride(from: 28, through: 0, by: -4).map { shift in
            digits[Int(number >> UInt32(shift) & 15)]
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
