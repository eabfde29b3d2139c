"""Small papers made on the spot; nothing here is anybody's."""

import io

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
BIRTH = (
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 34, 400), ("Độc lập - Tự do - Hạnh phúc", 30, 520),
    ("GIẤY KHAI SINH", 56, 520), ("Số: 160/2024", 30, 640), ("Họ, chữ đệm, tên: BÙI ĐÌNH DŨNG", 32, 140),
    ("Ngày, tháng, năm sinh: 11/12/2002", 32, 140), ("Giới tính: Nam     Dân tộc: Tày", 32, 140),
    ("Nơi sinh: Trạm Y tế xã Vạn Thuận, tỉnh Phú Yên", 32, 140), ("Số định danh cá nhân: 054202875923", 32, 140),
    ("Họ, chữ đệm, tên người mẹ: HUỲNH HỒNG NGÂN", 32, 140), ("Họ, chữ đệm, tên người cha: BÙI VĂN NGHĨA", 32, 140),
    ("Đăng ký ngày 19 tháng 08 năm 2024", 32, 140),
)  # fmt: skip


def draw(lines: tuple[tuple[str, int, int], ...], size: tuple[int, int] = (1654, 1400)) -> Image.Image:
    """Lines of (text, size, left) below each other on white."""
    page = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    top = 80
    for text, points, left in lines:
        pen.text((left, top), text, fill="black", font=ImageFont.truetype(FONT, points))
        top += round(points * 2.2)
    return page


def saved(image: Image.Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)  # type: ignore[arg-type]
    return out.getvalue()


def born_digital(texts: list[str], pages: int = 1) -> bytes:
    """A PDF written by hand, with a text layer in Helvetica and a correct cross-reference table."""
    content = "BT /F1 14 Tf 18 TL 60 780 Td " + " ".join(f"({text}) Tj T*" for text in texts) + " ET"
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]  # fmt: skip
    for n in range(pages):
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * n} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}".encode() + trailer.encode()
