/// Which rounds of a model that was stopped early answer.
public enum Rounds: Sendable, Hashable {
    /// Refuse a file where the choice matters.
    case unstated
    case all
    case best
}

/// What a loader may be told besides the file.
public struct LoadOptions: Sendable {
    public var limits: FormatLimits
    public var rounds: Rounds
    /// Names of the columns of the rows, from which a file without inputs takes them.
    public var columns: [String]

    public init(
        limits: FormatLimits = FormatLimits(), rounds: Rounds = .unstated, columns: [String] = []
    ) {
        self.limits = limits
        self.rounds = rounds
        self.columns = columns
    }
}

/// Reads one format that its first bytes give away.
public protocol ModelLoader {
    static func recognizes(_ head: ArraySlice<UInt8>) -> Bool
    static func load(
        _ bytes: [UInt8], _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel
}

/// Reads one format that is a JSON or UBJSON document; its outermost keys give it away.
protocol DocumentLoader {
    static func recognizes(_ document: JSONCursor) -> Bool
    static func load(
        _ document: JSONCursor, _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel
}

/// Loads model files of every format that is read.
public enum ModelFile {
    /// Formats with a head of their own.
    private static var loaders: [any ModelLoader.Type] { [LightGBMLoader.self] }
    /// Formats that are JSON documents; the last one serves where none recognises the document.
    private static var documentLoaders: [any DocumentLoader.Type] {
        [
            AssayLinearLoader.self, AssayForestLoader.self, CatBoostLoader.self, XGBoostLoader.self,
        ]
    }

    /// Refuses a file by its first bytes, if it is of a kind that is never read.
    public static func refuseForeign(_ head: [UInt8]) throws(ModelFileError) {
        try ForeignFile.refuse(head)
    }

    /// Content decides what a file is, never its name. Nothing in it is ever executed.
    public static func load(
        _ bytes: [UInt8], _ options: LoadOptions = LoadOptions()
    ) throws(ModelFileError) -> LoadedModel {
        try ForeignFile.refuse(bytes)
        let head = bytes.prefix(4_096)
        var options = options
        for loader in loaders where loader.recognizes(head) {
            options.limits = options.limits.forFile(bytes: bytes.count)
            let model = try loader.load(bytes, options)
            if let reason = overrun(model, options.limits) {
                throw ModelFileError(
                    place: .line(1, column: 1, path: "trees"), reason: reason)
            }
            return model
        }
        if !UBJSONTapeParser.recognizes(bytes) { try ForeignFile.requireObject(bytes) }
        var limits = options.limits
        CatBoostLoader.widen(&limits, for: bytes)
        let document = try JSONTape(bytes, limits: limits).root
        options.limits = options.limits.forFile(
            bytes: bytes.count, held: document.tape.words.count * 5)
        let loader = documentLoaders.first { $0.recognizes(document) } ?? documentLoaders.last
        guard let loader else { throw document.error("not a model of a known format") }
        let model = try loader.load(document, options)
        if let reason = overrun(model, options.limits) { throw document.error(reason) }
        return model
    }

    /// Why the model has no room to be compiled, or nil.
    private static func overrun(_ model: LoadedModel, _ limits: FormatLimits) -> String? {
        guard let trees = model.trees else { return nil }
        return limits.overrun(trees.byteCount + CompiledForest.bytesToCompile(trees))
    }
}
