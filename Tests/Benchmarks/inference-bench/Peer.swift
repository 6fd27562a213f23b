import ModelPeers

/// Opens the libraries, which stay open until the process ends.
enum Peer {
    struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    static func lightgbm(_ library: String, _ model: String, _ inputs: Int) throws -> OpaquePointer
    {
        try open { lightgbm_open(library, model, Int32(inputs), $0) }
    }

    static func xgboost(_ library: String, _ model: String, _ inputs: Int) throws -> OpaquePointer {
        try open { xgboost_open(library, model, Int32(inputs), $0) }
    }

    private static func open(
        _ body: (UnsafeMutablePointer<CChar>) -> OpaquePointer?
    ) throws -> OpaquePointer {
        var error = [CChar](repeating: 0, count: 256)
        let peer = error.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
        guard let peer else {
            let text = error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Refused(description: String(decoding: text, as: UTF8.self))
        }
        return peer
    }
}
