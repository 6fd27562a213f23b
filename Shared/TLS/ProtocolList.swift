internal import COpenSSL

/// ALPN protocol names in wire form: each preceded by its length [RFC 7301, section 3.1].
///
/// A class, because OpenSSL's selection callback is handed its address; immutable.
final class ProtocolList: Sendable {
    let wire: [UInt8]

    init(_ names: [String]) throws(TLSError) {
        var wire: [UInt8] = []
        for name in names {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else {
                throw TLSError(.configuration, "ALPN name '\(name)' is not 1 to 255 bytes long")
            }
            wire.append(length)
            wire += name.utf8
        }
        self.wire = wire
    }

    /// Picks the first of ours that the client offers; nil if there is none.
    func select(from offered: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        var ours = wire[...]
        while let length = ours.first {
            let name = ours.dropFirst().prefix(Int(length))
            if let match = Self.find(name, in: offered) { return match }
            ours = ours.dropFirst(1 + Int(length))
        }
        return nil
    }

    private static func find(
        _ name: ArraySlice<UInt8>, in offered: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8>? {
        var position = 0
        while position < offered.count {
            let start = position + 1
            let end = start + Int(offered[position])
            guard end <= offered.count else { return nil }
            if offered[start..<end].elementsEqual(name) {
                return UnsafeBufferPointer(rebasing: offered[start..<end])
            }
            position = end
        }
        return nil
    }
}
