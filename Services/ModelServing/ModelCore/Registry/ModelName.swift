internal import RPC

/// The rule for names of models and aliases: `[a-z][a-z0-9-]{0,62}`.
enum ModelName {
    static func check(_ name: String, _ field: String) throws(RPCError) {
        let bytes = Array(name.utf8)
        let isValid =
            1...63 ~= bytes.count && UInt8(ascii: "a")...UInt8(ascii: "z") ~= bytes[0]
            && bytes.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-")
            }
        guard isValid else {
            throw .invalid(
                field, "expected a lower-case letter, then up to 62 letters, digits and dashes")
        }
    }
}
