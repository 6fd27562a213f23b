internal import AssayMessages
internal import Inference
internal import RPC
internal import Synchronization

/// A version that was checked and compiled, and can answer. Immutable, so that any number of
/// requests share it.
final class ServingVersion: Sendable {
    /// Looks up the members of an ensemble; nil if there is no such version. Throws why it cannot
    /// answer.
    typealias Members = (_ model: String, _ version: UInt32) throws(RPCError) -> ServingVersion?

    let model: ScoringModel
    let number: UInt32
    let artifact: [UInt8]
    let signature: InputSignature
    let post: PostProcessing
    /// Nil if the model cannot be explained by itself, and has no background.
    let explainer: (any Explainer)?
    /// What an input that is left out takes its values from.
    let background: BackgroundRows?
    let importance: [AssayModelsV1.InputImportance]
    /// The first eight bytes of the pinned vector's fingerprint; 0 if none is pinned.
    let vectorFingerprint: UInt64
    let vectorName: String
    /// The manifest without its golden rows.
    let manifest: AssayModelsV1.Manifest
    let goldenRowCount: Int
    let warmUp: WarmUp
    let statistics: VersionStatistics
    /// Tells this version from all others that this process has loaded.
    let token: UInt64

    private static let tokens = Atomic<UInt64>(0)

    /// When it was loaded, or a call named it by its number, in nanoseconds of the monotonic clock.
    private let used: Atomic<UInt64>
    /// Uses within this time are one: so that threads do not write the same word at every call.
    private static let usePrecision: UInt64 = 1_000_000

    var lastUse: UInt64 { used.load(ordering: .relaxed) }

    /// Notes that a call has named it.
    func use(at nanoseconds: UInt64 = Predictor.nanoseconds()) {
        let last = used.load(ordering: .relaxed)
        guard nanoseconds > last + Self.usePrecision else { return }
        used.store(nanoseconds, ordering: .relaxed)
    }

    /// Parses the artifact, checks the manifest against it, replays every golden row, bit for bit,
    /// and measures how long a row takes.
    ///
    /// - Throws: INVALID_ARGUMENT that names the byte of the file or the field of the manifest.
    init(
        artifact bytes: [UInt8], digest: ArtifactDigest, number: UInt32,
        manifest: AssayModelsV1.Manifest, members: Members = { _, _ in nil }
    ) throws(RPCError) {
        model = try Self.model(bytes, manifest, members)
        self.number = number
        artifact = digest.bytes
        signature = try InputSignature(
            manifest.inputs, vector: manifest.vectorFields,
            isSingle: model.takesSinglePrecision)
        post = try PostProcessing(manifest, model)
        vectorName = manifest.vector
        vectorFingerprint = try Self.fingerprint(manifest)
        goldenRowCount = manifest.goldenRows.count
        var described = manifest
        described.goldenRows = []
        described.background = []
        self.manifest = described
        try Self.check(signature, model)
        background = try Self.background(
            manifest.background, signature, order: .inputs, "manifest.background")
        importance = Self.importance(model, signature)
        explainer = Explainers.best(
            for: model, background: background, artifact: digest.bytes)
        let rows = try Self.replay(
            manifest, model, signature, post, to: model.isDegraded ? .inputs : .layout)
        warmUp = WarmUp(model, explainer, rows: rows)
        statistics = VersionStatistics()
        token = Self.tokens.add(1, ordering: .relaxed).newValue
        used = Atomic(Predictor.nanoseconds())
    }

    /// The same under the number that its registration got.
    ///
    /// - Parameter statistics: counts of its own; nil: the same.
    init(_ checked: ServingVersion, number: UInt32, statistics: VersionStatistics? = nil) {
        model = checked.model
        self.number = number
        artifact = checked.artifact
        signature = checked.signature
        post = checked.post
        explainer = checked.explainer
        background = checked.background
        importance = checked.importance
        vectorName = checked.vectorName
        vectorFingerprint = checked.vectorFingerprint
        goldenRowCount = checked.goldenRowCount
        manifest = checked.manifest
        warmUp = checked.warmUp
        self.statistics = statistics ?? checked.statistics
        token = checked.token
        used = Atomic(checked.lastUse)
    }

    /// Gives it the golden rows of its manifest again. The plain walk, most of the work, is left out: it
    /// gave the same answers when the version was loaded.
    ///
    /// - Throws: INVALID_ARGUMENT that names the first value that differs.
    func replay(_ manifest: AssayModelsV1.Manifest) throws(RPCError) {
        _ = try Self.replay(manifest, model, signature, post, to: .answers)
    }

    /// Whether it is an ensemble that answers without one of its members.
    var isDegraded: Bool { model.isDegraded }

    private static func replay(
        _ manifest: AssayModelsV1.Manifest, _ model: ScoringModel, _ signature: InputSignature,
        _ post: PostProcessing, to depth: GoldenReplay.Depth
    ) throws(RPCError) -> [[Double]] {
        try GoldenReplay(
            model: model, signature: signature, post: post,
            isCalibrated: manifest.calibration != nil
        ).run(manifest.goldenRows, to: depth)
    }

    /// Memory that it holds, about.
    var byteCount: Int {
        model.byteCount + (explainer?.byteCount ?? 0) + signature.inputs.count * 256
    }

    // MARK: Loading

    private static func model(
        _ bytes: [UInt8], _ manifest: AssayModelsV1.Manifest, _ members: Members
    ) throws(RPCError) -> ScoringModel {
        do {
            if EnsembleFile.recognizes(bytes) {
                guard bytes.count <= EnsembleFile.maximumBytes else {
                    throw refused(
                        "an assay-ensemble has at most \(EnsembleFile.maximumBytes) bytes")
                }
                return try ensemble(EnsembleFile(bytes), manifest, members)
            }
            let options = LoadOptions(
                rounds: rounds(manifest.iterations), columns: manifest.inputs.map(\.name))
            return .single(CompiledModel(try ModelFile.load(bytes, options)))
        } catch let error as ModelFileError {
            throw refused("\(error)")
        } catch let error as RPCError {
            throw error
        } catch {
            throw refused("\(error)")
        }
    }

    private static func ensemble(
        _ file: EnsembleFile, _ manifest: AssayModelsV1.Manifest, _ members: Members
    ) throws -> ScoringModel {
        var found: [ScoringModel?] = []
        for (index, stated) in file.members.enumerated() {
            let place = "$.members[\(index)]: \(stated.model) \(stated.version)"
            var member: ServingVersion?
            do throws(RPCError) {
                member = try members(stated.model, UInt32(stated.version))
            } catch {
                guard stated.isOptional else {
                    throw refused("\(place) cannot answer: \(error.message)")
                }
            }
            found.append(member?.model)
            for input in member?.signature.inputs ?? [] where input.kind == .category {
                let own = manifest.inputs.first { $0.name == input.name }
                guard own.map({ $0.vocabulary == input.vocabulary }) ?? true else {
                    throw refused(
                        "\(place) has another vocabulary for \(input.name) than the manifest")
                }
            }
        }
        return .ensemble(try EnsembleModel(file, members: found))
    }

    static func refused(_ problem: String) -> RPCError {
        RPCError(
            code: .invalidArgument, message: "artifact: \(problem)", reason: "artifact_refused",
            details: [.badRequest([FieldViolation(field: "artifact", description: problem)])])
    }

    private static func rounds(_ choice: AssayModelsV1.IterationChoice) -> Rounds {
        switch choice {
        case .all: .all
        case .best: .best
        default: .unstated
        }
    }

    private static func fingerprint(
        _ manifest: AssayModelsV1.Manifest
    ) throws(RPCError) -> UInt64 {
        guard manifest.vectorFields.isEmpty || !manifest.vector.isEmpty else {
            throw .invalid("manifest.vector", "whose fields are these?")
        }
        let bytes = manifest.vectorFingerprint
        if bytes.isEmpty { return 0 }
        guard bytes.count == 32, !manifest.vector.isEmpty else {
            throw .invalid(
                "manifest.vector_fingerprint", "expected 32 bytes, and the name of the vector")
        }
        return bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Names, count and types agree with what the file says of itself.
    private static func check(
        _ signature: InputSignature, _ model: ScoringModel
    ) throws(RPCError) {
        guard signature.inputs.count == model.inputCount else {
            throw .invalid(
                "manifest.inputs",
                "the model has \(model.inputCount) inputs, the manifest \(signature.inputs.count)")
        }
        for (index, (input, own)) in zip(signature.inputs, model.inputs).enumerated() {
            let place = "manifest.inputs[\(index)]"
            if !own.name.isEmpty, own.name != input.name {
                throw .invalid(
                    place,
                    "the model calls this input \"\(own.name)\", the manifest \"\(input.name)\"")
            }
            if own.kind == .category, input.kind != .category {
                throw .invalid(place, "\(input.name): the model splits it by category")
            }
            if !own.vocabulary.isEmpty, input.vocabulary != own.vocabulary {
                let known = own.vocabulary.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
                throw .invalid(
                    "\(place).vocabulary",
                    "\(input.name): the model knows \(own.vocabulary.count) categories, in this "
                        + "order: \(known) …")
            }
            if !own.allowsMissing, signature.rules[index].isNullable {
                throw .invalid(
                    "\(place).nullable", "\(input.name): the model answers no row without it")
            }
        }
    }
}
