internal import Crypto

/// The one secret of a feature store: every tenant's keys come from it.
///
/// Whoever has it and the store's directory can read everything; without it the directory holds
/// neither keys of entities nor personal fields.
public struct MasterKey: Sendable {
    public static let byteCount = 32

    let secret: SymmetricKey

    /// Nil unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        secret = SymmetricKey(data: bytes)
    }

    /// Reads 64 hexadecimal digits; white space around them is ignored.
    public init?(hex: String) {
        let digits = hex.utf8.filter { $0 > 0x20 }
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<(index + 2)], as: UTF8.self)
            guard pair.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let byte = UInt8(pair, radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        self.init(bytes: bytes)
    }

    /// A new key from the system's random numbers.
    public static func random() -> MasterKey { MasterKey(secret: SymmetricKey(size: .bits256)) }

    /// No secret at all.
    static let zero = MasterKey(
        secret: SymmetricKey(data: [UInt8](repeating: 0, count: byteCount)))

    private init(secret: SymmetricKey) { self.secret = secret }

    /// 64 hexadecimal digits, as a key file holds them.
    var hex: String {
        secret.withUnsafeBytes { bytes in
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }

    var bytes: [UInt8] { secret.withUnsafeBytes { Array($0) } }

    func derive(_ use: String, tenant: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, salt: Array("assay.features/1".utf8),
            info: Array("\(use)\u{0}\(tenant)".utf8), outputByteCount: Self.byteCount)
    }
}
