internal import RPC

/// A caller that names a vector must name the one the version was trained on.
enum VectorCheck {
    /// What the values of a request follow, by the fingerprint that it names; 0 names none.
    @inline(__always)
    static func order(
        of fingerprint: UInt64, _ version: ServingVersion
    ) throws(RPCError) -> InputSignature.ValueOrder {
        if fingerprint == 0 { return .inputs }
        guard fingerprint == version.vectorFingerprint else {
            return try uncommonOrder(of: fingerprint, version)
        }
        return .vector
    }

    private static func uncommonOrder(
        of fingerprint: UInt64, _ version: ServingVersion
    ) throws(RPCError) -> InputSignature.ValueOrder {
        guard !version.vectorName.isEmpty else {
            throw RPCError(
                .failedPrecondition,
                "the request names the vector \(hexadecimal(fingerprint)), but version "
                    + "\(version.number) takes its inputs in its own order; send vector 0",
                reason: "vector_unknown")
        }
        if version.vectorFingerprint == 0 { return .vector }
        throw RPCError(
            .failedPrecondition,
            "version \(version.number) was trained on \(version.vectorName) with fingerprint "
                + "\(hexadecimal(version.vectorFingerprint)), the request's vector has "
                + hexadecimal(fingerprint), reason: "vector_mismatch")
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
