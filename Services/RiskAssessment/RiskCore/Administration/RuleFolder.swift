public import AssayMessages
internal import Crypto
public import Foundation

/// The files that a rule set is made of, by their place in its folder: what people propose changes
/// of, and what is kept.
public struct RuleFolder: Sendable, Hashable {
    static let maximumFiles = 512
    static let maximumFileBytes = 64 << 20
    /// Files that every folder has.
    static let single = ["benign-context.yaml", "facts.tsv", "parameters.yaml", "reason-codes.tsv"]
    /// Files that a folder may have.
    static let optional = [RuleSources.zonesFile]
    static let folders = [("lists/", ".txt"), ("packs/", ".yaml"), ("policy/", ".yaml")]

    /// By name, such as `packs/velocity.yaml`.
    public private(set) var texts: [String: String]

    public init(texts: [String: String]) { self.texts = texts }

    /// Reads a folder. Files of other names are none of it, but for those that were meant to be.
    public init(directory: URL) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        var texts: [String: String] = [:]
        var names =
            Self.single
            + Self.optional.filter {
                FileManager.default.fileExists(atPath: directory.appending(path: $0).path)
            }
        for (folder, ending) in Self.folders {
            let path = directory.appending(path: folder).path
            let found = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            problems += RuleSources.missed(
                found, in: String(folder.dropLast()), directory, ending: ending)
            names += found.sorted().map { folder + $0 }
                .filter { $0.hasSuffix(ending) && Self.isName($0) }
        }
        for name in names {
            do {
                let text = try ConfigurationText.read(directory.appending(path: name), as: name)
                // An empty text would mean that the file is taken away.
                texts[name] = text.isEmpty ? "\n" : text
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        self.init(texts: texts)
    }

    /// Whether a file of a rule set may be called so.
    public static func isName(_ name: String) -> Bool {
        if single.contains(name) || optional.contains(name) { return true }
        guard name.utf8.count <= 256,
            let (folder, ending) = folders.first(where: { name.hasPrefix($0.0) }),
            name.hasSuffix(ending)
        else { return false }
        let base = name.dropFirst(folder.count).dropLast(ending.count)
        return !base.isEmpty && base.first != "." && base.first != "-"
            && base.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }

    /// The folder with files replaced, added, and, where the text is empty, taken away.
    public func laid(under changes: [AssayRiskV1.RuleFile]) throws(ConfigurationFailure)
        -> RuleFolder
    {
        var problems: [Problem] = []
        var texts = texts
        var seen: Set<String> = []
        for change in changes {
            if !Self.isName(change.name) {
                problems.append(
                    Self.whole(
                        String(change.name.prefix(80)),
                        "is no file of a rule set; those are \(Self.single.joined(separator: ", ")),"
                            + " lists/NAME.txt, packs/NAME.yaml and policy/NAME.yaml"))
            }
            if !seen.insert(change.name).inserted {
                problems.append(Self.whole(change.name, "is sent twice"))
            }
            if change.text.isEmpty, texts[change.name] == nil {
                problems.append(Self.whole(change.name, "cannot be taken away: it is not there"))
            }
            texts[change.name] = change.text.isEmpty ? nil : change.text
        }
        if texts.count > Self.maximumFiles {
            problems.append(
                Self.whole("", "\(texts.count) files; at most \(Self.maximumFiles) are allowed"))
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        return RuleFolder(texts: texts)
    }

    /// What has to be laid over `base` to come to this folder; empty texts take files away.
    public func changes(from base: RuleFolder) -> [AssayRiskV1.RuleFile] {
        Set(texts.keys).union(base.texts.keys).sorted().compactMap { name in
            texts[name] == base.texts[name]
                ? nil : AssayRiskV1.RuleFile(name: name, text: texts[name] ?? "")
        }
    }

    public var names: [String] { texts.keys.sorted() }

    func files(in folder: String) -> [RuleSources.File] {
        names.filter { $0.hasPrefix(folder) }.map { file($0) }
    }

    private func file(_ name: String) -> RuleSources.File {
        RuleSources.File(name: name, text: texts[name] ?? "")
    }

    /// What the loader reads; policies are not part of it.
    func sources() throws(ConfigurationFailure) -> RuleSources {
        var problems = Self.single.filter { texts[$0] == nil }.map {
            Self.whole($0, "is missing; a rule set needs it")
        }
        for (name, text) in texts where text.utf8.count > Self.maximumFileBytes {
            problems.append(Self.whole(name, "is over \(Self.maximumFileBytes) bytes"))
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        return RuleSources(
            facts: file("facts.tsv"), reasonCodes: file("reason-codes.tsv"),
            parameters: file("parameters.yaml"), benignContext: file("benign-context.yaml"),
            packs: files(in: "packs/"), lists: files(in: "lists/"),
            zones: file(RuleSources.zonesFile))
    }

    /// SHA-256 over names and texts: differs where the set's own digest does not, such as in a test.
    public var digest: [UInt8] {
        var hash = SHA256()
        for name in names {
            hash.update(data: Data(SHA256.hash(data: Data(name.utf8))))
            hash.update(data: Data(Self.key(of: texts[name] ?? "")))
        }
        return Array(hash.finalize())
    }

    /// What a text is kept under.
    static func key(of text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    private static func whole(_ file: String, _ message: String) -> Problem {
        Problem(file: file, line: 1, column: 1, message: message)
    }
}
