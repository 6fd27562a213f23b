/// What a CatBoost file says of its origin: version, loss function, classes.
struct CatBoostInformation {
    private(set) var library = "catboost"
    /// Empty if the file does not say.
    private(set) var loss = ""
    private(set) var classes: [String] = []

    init(_ information: JSONCursor?, limits: FormatLimits) throws(ModelFileError) {
        guard let information else { return }
        if let version = try information.optionalField("catboost_version_info") {
            library = Self.library(try version.text())
        }
        if let parameters = try information.optionalField("params") {
            loss = try Self.loss(parameters, limits)
        }
        if let parameters = try information.optionalField("class_params"),
            let names = try Self.nested(parameters, limits).optionalField("class_names")
        {
            guard try names.count() <= limits.outputs else {
                throw names.error("more than \(limits.outputs) classes")
            }
            try names.visit { (_, name) throws(ModelFileError) in
                classes.append(try name.label())
            }
        }
    }

    /// "Branch: tags/v1.2.10" stands in what its build says of itself.
    private static func library(_ text: String) -> String {
        let mark = "tags/v"
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            for word in words where word.hasPrefix(mark) {
                return "catboost \(word.dropFirst(mark.count).prefix(16))"
            }
        }
        return "catboost"
    }

    private static func loss(
        _ parameters: JSONCursor, _ limits: FormatLimits
    ) throws(ModelFileError) -> String {
        let function = try nested(parameters, limits).optionalField("loss_function")
        guard let type = try function?.optionalField("type") else { return "" }
        return String(try type.text().prefix(64))
    }

    /// Older versions keep the parameters as a text that is itself JSON.
    private static func nested(
        _ value: JSONCursor, _ limits: FormatLimits
    ) throws(ModelFileError) -> JSONCursor {
        guard value.kind == .string else { return value }
        do {
            return try JSONTape(Array(try value.text().utf8), limits: limits).root
        } catch {
            throw value.error("not JSON inside: \(error.reason)")
        }
    }
}
