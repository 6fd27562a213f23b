package import AssayMessages
internal import Inference
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Files that come in parts at once; more are refused.
    static let maximumReceptions = 4
    /// What the first part must have for the file to be known by it.
    private static let headBytes = 8

    /// Registers a model file that comes in parts. Its bytes go to the disk as they come; a file of a
    /// kind that is never read is refused with its first part.
    package func upload<Parts: AsyncSequence>(
        _ parts: Parts, by caller: String
    ) async throws -> AssayModelsV1.Version where Parts.Element == AssayModelsV1.UploadPart {
        guard receptions.enter() else {
            throw RPCError(
                .resourceExhausted, "\(Self.maximumReceptions) model files are coming in already")
        }
        defer { receptions.leave() }
        var iterator = parts.makeAsyncIterator()
        guard case .start(let start)? = try await iterator.next()?.piece else {
            throw RPCError.invalid("start", "an upload begins with it")
        }
        try check(start)
        let reception = try await Self.translated { [artifacts] in
            try await blocking { try artifacts.receive() }
        }
        let digest = try await receive(start, &iterator, reception)
        return try await register(start, digest, reception, by: caller)
    }

    private func check(_ start: AssayModelsV1.UploadStart) throws(RPCError) {
        try ModelName.check(start.model, "start.model")
        guard 1...64 ~= start.requestID.utf8.count else {
            throw .invalid("start.request_id", "expected 1 to 64 bytes")
        }
        guard start.size > 0, start.size <= largestUpload else {
            throw .invalid(
                "start.size",
                "expected 1 to \(largestUpload) bytes, got \(start.size): a file that is checked "
                    + "takes five times its size of memory, see --largest-upload-mebibytes")
        }
    }

    /// Takes the parts up to the digest.
    ///
    /// - Returns: what the file hashes to, which is what the caller says.
    private func receive<Parts: AsyncIteratorProtocol>(
        _ start: AssayModelsV1.UploadStart, _ parts: inout Parts,
        _ reception: any ArtifactReception
    ) async throws -> ArtifactDigest where Parts.Element == AssayModelsV1.UploadPart {
        while let part = try await parts.next() {
            switch part.piece {
            case .data(let bytes):
                let count = reception.count
                guard UInt64(count + bytes.count) <= start.size else {
                    throw RPCError.invalid(
                        "data", "there are more than the \(start.size) bytes that were announced")
                }
                if count == 0 { try Self.checkHead(bytes, of: start.size) }
                try await Self.translated {
                    try await blocking { try reception.append(bytes) }
                }
            case .digest(let stated):
                guard UInt64(reception.count) == start.size else {
                    throw RPCError.invalid(
                        "digest",
                        "\(start.size) bytes were announced, \(reception.count) came")
                }
                let digest = try await Self.translated {
                    try await blocking { try reception.finish() }
                }
                guard digest.bytes == stated else {
                    throw RPCError(
                        .invalidArgument,
                        "digest: the file that came hashes to \(digest), not to what was stated",
                        reason: "digest_mismatch")
                }
                return digest
            default: throw RPCError.invalid("piece", "expected data or the digest")
            }
        }
        throw RPCError.invalid("digest", "an upload ends with it")
    }

    private static func checkHead(_ bytes: [UInt8], of size: UInt64) throws(RPCError) {
        guard bytes.count >= min(headBytes, Int(size)) else {
            throw .invalid("data", "the first part holds at least \(headBytes) bytes")
        }
        do throws(ModelFileError) {
            try ModelFile.refuseForeign(bytes)
        } catch {
            throw ServingVersion.refused("\(error)")
        }
    }

    private func register(
        _ start: AssayModelsV1.UploadStart, _ digest: ArtifactDigest,
        _ reception: any ArtifactReception, by caller: String
    ) async throws -> AssayModelsV1.Version {
        // The bytes are as much of the request as its other fields.
        let encoded = start.encoded() + digest.bytes
        if let known = try await Self.translated({
            try await remembered(start.model, start.requestID, encoded)
        }) {
            return try AssayModelsV1.Version(decoding: known, door: .strict)
        }
        let checked = try await check(bytes: Int(start.size), start.manifest) {
            (try reception.read(), { try reception.keep() })
        }
        return try await register(
            checked,
            Registration(
                requestID: start.requestID, model: start.model, manifest: start.manifest,
                size: start.size, actor: start.actor, caller: caller, encoded: encoded))
    }

    /// Waits for the disk off the event loops, beside the checks of other files.
    func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            disk.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
