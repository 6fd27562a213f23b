internal import Foundation

/// Reads one request per line and writes one reply per line; see README.md.
@main
enum ConformanceDriver {
    static func main() {
        var session = Session()
        while let line = readLine(strippingNewline: true) {
            if line.allSatisfy(\.isWhitespace) { continue }
            let reply = session.reply(to: line)
            FileHandle.standardOutput.write(reply + Data("\n".utf8))
        }
    }
}
