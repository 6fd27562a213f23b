internal import SchemaCompiler

/// What must hold of any text that claims to be a schema.
///
/// An input is one file, or several: a line `=== path` starts a file with that path.
enum CompilerProperties {
    static func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool {
        let compilation = Compilation(sources(in: input))
        let report = compilation.diagnostics.map { compilation.rendered($0) }
        let errors = compilation.diagnostics.count { $0.severity == .error }
        try require("P9", errors <= 20 * compilation.sources.count, "\(errors) errors")
        try require("P9", report.allSatisfy { !$0.isEmpty }, "an empty finding")
        guard !compilation.hasErrors else {
            try require("P9", compilation.protoFiles().isEmpty, "output in spite of errors")
            return false
        }
        try emit(compilation)
        return true
    }

    private static func emit(_ compilation: Compilation) throws(PropertyViolation) {
        _ = compilation.swiftFiles()
        _ = compilation.boundsReport()
        for file in compilation.protoFiles() {
            var syntax = ProtoSyntax(file.text)
            try require("P9", syntax.isFile(), "\(syntax.place) of \(file.path):\n\(file.text)")
        }
        // Not of all, for speed: each is compiled again.
        let names = compilation.rootNames
        for index in stride(from: 0, to: names.count, by: 1 + names.count / 4) {
            try archive(names[index], compilation)
        }
    }

    /// Canonical text is a schema again, and its own canonical text.
    private static func archive(
        _ name: String, _ compilation: Compilation
    ) throws(PropertyViolation) {
        guard let text = compilation.canonicalText(of: name) else {
            throw PropertyViolation(property: "P9", detail: "\(name) has no canonical text")
        }
        let source = SourceFile(path: "archive.schema", text: text)
        let again = Compilation([source], archive: true)
        let report = again.diagnostics.map { again.rendered($0) }.joined(separator: "\n")
        try require("P9", !again.hasErrors, "canonical text of \(name):\n\(text)\n\(report)")
        try require("P9", again.canonicalText(of: name) == text, "\(name):\n\(text)")
        try require(
            "P9", again.wireText(of: name) == compilation.wireText(of: name), "\(name):\n\(text)")
    }

    static func sources(in input: [UInt8]) -> [SourceFile] {
        let marker = Array("=== ".utf8)
        var files: [(path: String, bytes: [UInt8])] = []
        for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.starts(with: marker) {
                let path = String(decoding: line.dropFirst(marker.count), as: UTF8.self)
                files.append((path, []))
            } else {
                if files.isEmpty { files.append((path(of: input), [])) }
                files[files.count - 1].bytes += line + [UInt8(ascii: "\n")]
            }
        }
        return files.map { SourceFile(path: $0.path, bytes: $0.bytes) }
    }

    /// Where a single file belongs: so that the schemas of the repository are inputs as they are.
    private static func path(of file: [UInt8]) -> String {
        let keyword = Array("package ".utf8)
        let clause = file.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: keyword) }
        let name = String(decoding: clause?.dropFirst(keyword.count) ?? [], as: UTF8.self)
        return name.split(separator: ".").joined(separator: "/") + "/test.schema"
    }
}
