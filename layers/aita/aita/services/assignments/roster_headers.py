"""Headers of a roster's columns, as people, spreadsheets and LMSs write them, in several languages."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

_HEADERS = {
    "name": (
        "Student Name", "Name", "Student", "Full Name", "Display Name", "Student Full Name",
        "Vollständiger Name", "Studierende", "Studierender", "Teilnehmer", "Vor- und Nachname",
        "Nom complet", "Étudiant", "Étudiante", "Nombre completo", "Estudiante", "Alumno", "Alumna",
        "Nome completo", "Studente", "Volledige naam", "Naam", "Aluno",
        "Namn", "Fullständigt namn", "Navn", "Fulde navn", "Fullt navn", "Nimi", "Imię i nazwisko", "Celé jméno",
        "Jméno a příjmení", "Ad Soyad", "Ad\u0131 Soyad\u0131", "ФИО", "Фамилия и имя",
        "姓名", "学生姓名", "氏名", "名前", "이름", "성명",
    ),
    "first_name": (
        "First Name", "Given Name", "Given Names", "Forename", "Forenames", "First",
        "Vorname", "Vornamen", "Rufname", "Prénom", "Prénoms", "Nombre", "Nombres", "Nome", "Voornaam",
        "Förnamn", "Fornavn", "Etunimi", "Etunimet", "Imię", "Imiona", "Jméno", "Ad", "Ad\u0131", "Имя", "名",
    ),
    "name_prefix": ("Tussenvoegsel", "Tussenvoegsels", "Voorvoegsel", "Voorvoegsels", "Namensvorsatz"),
    "last_name": (
        "Last Name", "Surname", "Family Name", "Last", "Nachname", "Familienname", "Zuname",
        "Nom", "Nom de famille", "Apellido", "Apellidos", "Apellido(s)", "Cognome", "Achternaam", "Apelido",
        "Sobrenome", "Efternamn", "Efternavn", "Etternavn", "Sukunimi", "Nazwisko", "Příjmení", "Soyad", "Soyad\u0131",
        "Фамилия", "姓",
    ),
    "number": (
        "Student ID", "SID", "SIS User ID", "ID Number", "Student Number", "OrgDefinedId", "Org Defined ID",
        "Student No", "Student ID Number", "Matriculation Number", "Banner ID", "University ID",
        "Matrikelnummer", "Matrikel-Nr", "Matr.-Nr.", "Matrikelnr", "MatNr", "Mtknr", "Mat.-Nr.", "ID-Nummer",
        "Immatrikulationsnummer",
        "Numéro d'identification", "Numéro étudiant", "Numéro d'étudiant", "N° étudiant", "No étudiant", "Matricule",
        "Número de ID", "Número de identificación", "Número de estudiante", "Matrícula", "Número de matrícula",
        "Legajo", "Matricola", "Numero di matricola", "Codice identificativo", "Studentnummer", "ID-nummer",
        "Número de identificação", "Studienummer", "Opiskelijanumero", "Numer albumu",
        "Nr albumu", "UČO", "Osobní číslo", "Öğrenci No", "Öğrenci Numaras\u0131", "Номер студенческого билета",
        "学号", "學號", "学籍番号", "학번",
    ),
    "email": (
        "Email", "Email Address", "Mail", "E-Mail-Adresse", "E-Mail", "Adresse e-mail", "Adresse électronique",
        "Adresse de courriel", "Courriel", "Correo electrónico", "Dirección de correo",
        "Dirección de correo electrónico", "Correo", "Indirizzo email", "Indirizzo e-mail", "E-mailadres",
        "Endereço de e-mail", "E-post", "E-postadress", "E-postadresse", "E-mailadresse", "Sähköposti", "Adres e-mail",
        "E-posta", "Электронная почта", "邮箱", "电子邮件", "電子郵件", "メールアドレス", "이메일",
    ),
    "login": (
        "SIS Login ID", "Login ID", "Login", "Username", "User Name", "Benutzername", "Anmeldename", "Kennung",
        "Nom d'utilisateur", "Identifiant", "Nombre de usuario", "Usuario", "Nome utente", "Gebruikersnaam",
    ),
    "section": ("Section", "Sections", "Gruppe", "Übungsgruppe", "Groupe", "Grupo", "Sección", "Gruppo", "Groep"),
    "role": ("Role", "Roles", "Rolle", "Rôle", "Rol", "Ruolo"),
}  # fmt: skip
"""Headers of each field's column, in English, German, French, Spanish, Italian, Dutch and Portuguese, among them those
in files of Canvas, Moodle, Brightspace, Blackboard and Gradescope; names, numbers and addresses in Swedish, Danish,
Norwegian, Finnish, Polish, Czech, Turkish, Russian, Chinese, Japanese and Korean, too."""


_EITHER = frozenset({"nom", "nombre", "nome", "jmeno"})
"""Headers of a part of the name beside a column of the other part, and else of the whole name."""

MOST_TITLES = 20
"""Most rows of titles, such as the course and the date, above the one that names the columns."""

CANVAS_ID = "canvas_id"
STAFF = frozenset(
    {"instructor", "teacher", "ta", "teachingassistant", "reader", "grader", "designer", "courseowner", "trainer"}
)
"""Roles of people who are no students, folded; Gradescope's and Canvas's own words, and Moodle's."""


def fold(header: str) -> str:
    """Return a header without case, accents, spaces and punctuation."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKD", header)).casefold()


_KNOWN = {fold(header): field for field, headers in _HEADERS.items() for header in headers}


def fields_of(headers: Iterable[str]) -> list[str]:
    """Return the field of each column; empty for a column that is not used.

    ``ID`` is Canvas's own number beside a ``SIS`` column, else the student's number. ``Nom``, ``Nombre`` and ``Nome``
    are the whole name where the other part of it has no column.
    """
    folded = [fold(header) for header in headers]
    fields = [_KNOWN.get(header, "") for header in folded]
    field_of_id = CANVAS_ID if any(header.startswith("sis") for header in folded) else "number"
    for place, header in enumerate(folded):
        if header == "id":
            fields[place] = field_of_id
        elif header in _EITHER and not {"first_name", "last_name"} <= set(fields):
            fields[place] = "name"
    return fields


def has_names(fields: Collection[str]) -> bool:
    """Return whether some fields' columns have students' names."""
    return "name" in fields or {"first_name", "last_name"} <= set(fields)


def headers_row(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the row that names the columns: the first, or one below titles, which have fewer cells."""
    widest = 0
    for place, cells in enumerate(rows[: MOST_TITLES + 1]):
        filled, fields = sum(bool(cell.strip()) for cell in cells), set(fields_of(cells)) - {""}
        if has_names(fields):
            return place if len(fields) > 1 and filled > widest else 0
        widest = max(widest, filled)
    return 0


def is_headers(cells: Iterable[str]) -> bool:
    """Return whether a line has headers and nothing else: two at least, as ``Student`` may be said of a person."""
    fields = fields_of(cell for cell in cells if cell.strip())
    return len(set(fields)) > 1 and all(fields)


def passed_over(headers: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Return the headers of the columns that are not used."""
    return [header.strip() for header, field in zip(headers, fields, strict=True) if header.strip() and not field]


def marks_ids(headers: Iterable[str]) -> bool:
    """Return whether ids are written with a ``#`` before them, as Brightspace does so that spreadsheets keep them."""
    return bool({"orgdefinedid", "endoflineindicator"} & {fold(header) for header in headers})
