/// Files that are refused by what they are, with what to upload instead.
enum ForeignFile {
    private static let remedy = "save it with booster.save_model(\"model.json\")"

    /// How files begin that gzip, zip, zlib (which joblib uses), bzip2, xz and Zstandard wrote.
    private static let compressed: [[UInt8]] = [
        [0x1F, 0x8B], [0x50, 0x4B], [0x78, 0x01], [0x78, 0x5E], [0x78, 0x9C], [0x78, 0xDA],
        [0x42, 0x5A, 0x68], [0xFD, 0x37, 0x7A, 0x58], [0x28, 0xB5, 0x2F, 0xFD],
    ]

    static func refuse(_ bytes: [UInt8]) throws(ModelFileError) {
        func refuse(_ what: String, _ remedy: String = remedy) -> ModelFileError {
            ModelFileError(offset: 0, path: "$", reason: what, remedy: remedy)
        }
        let head = bytes.prefix(4)
        if head == [0x7F, 0x45, 0x4C, 0x46] { throw refuse("an ELF program is not a model") }
        if head.count > 1, head[0] == 0x80, head[1] <= 5 {
            throw refuse("a pickle can run code and is never read")
        }
        if compressed.contains(where: { head.starts(with: $0) }) {
            throw refuse("a compressed file is not read", "upload the model.json itself")
        }
        if head.starts(with: Array("binf".utf8)) {
            throw refuse("XGBoost's old binary format is not supported")
        }
    }

    static func requireObject(_ bytes: [UInt8]) throws(ModelFileError) {
        guard bytes.first(where: { ![32, 9, 10, 13].contains($0) }) == UInt8(ascii: "{") else {
            throw ModelFileError(
                offset: 0, path: "$", reason: "not a JSON object", remedy: remedy)
        }
    }
}
