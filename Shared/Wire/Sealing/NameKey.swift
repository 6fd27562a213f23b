internal import Crypto

/// Four bytes that stand for a name in sealed records, where the name itself takes too much room.
///
/// Whoever knows a name finds it by its key, without any table. To find the name of a key takes a list of names;
/// whoever keeps one refuses two names with the same key.
public enum NameKey {
    /// The first four bytes of the name's SHA-256, most significant first.
    public static func of(_ name: String) -> UInt32 {
        var hash = SHA256()
        var name = name
        name.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hash.finalize().prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
