/// The parts of an API key where a request holds them: nothing is copied to check one.
///
/// Valid as long as the memory that it was made of.
struct APIKeyText {
    private let bytes: UnsafeRawBufferPointer

    /// Checks form and check digits.
    init(checking bytes: UnsafeRawBufferPointer) throws(APIKey.ParseError) {
        guard bytes.count == APIKey.length else { throw .malformed }
        var isWellFormed = bytes[Self.secretStart - 1] == UInt8(ascii: "_")
        for index in 0..<Self.idStart where bytes[index] != APIKey.prefix[index] {
            isWellFormed = false
        }
        for index in Self.idStart..<APIKey.length where index != Self.secretStart - 1 {
            isWellFormed = isWellFormed && Base32.isDigit(bytes[index])
        }
        guard isWellFormed else { throw .malformed }
        let sum = CRC32.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<Self.checkStart]))
        for index in 0..<APIKey.checkLength {
            guard bytes[Self.checkStart + index] == Base32.digit(index, of: sum) else {
                throw .wrongCheck
            }
        }
        self.bytes = bytes
    }

    var idBytes: UnsafeRawBufferPointer { part(Self.idStart..<Self.secretStart - 1) }
    /// As it is written. It goes into a MAC and nowhere else.
    var secret: UnsafeRawBufferPointer { part(Self.secretStart..<Self.checkStart) }
    /// The public part: short enough for a text without memory of its own.
    var id: String { String(decoding: idBytes, as: UTF8.self) }

    private func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    private static let idStart = APIKey.prefix.count
    private static let secretStart = idStart + APIKey.idLength + 1
    private static let checkStart = secretStart + APIKey.secretLength
}
