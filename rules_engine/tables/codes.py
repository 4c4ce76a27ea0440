"""The diagnostic codes of tables and data; once released, a code keeps its meaning."""

from types import MappingProxyType
from typing import Final

__all__ = ["CODES"]

CODES: Final = MappingProxyType(
    {
        "RE500": "a value does not read as the type of its column",
        "RE501": "a value is outside the range of its column",
        "RE502": "a number has more decimal places than its column",
        "RE503": "a value that is needed is absent",
        "RE504": "a value is none of the codes that its column may hold",
        "RE505": "two rows have one key",
        "RE506": "two rows of one key cover the same day",
        "RE507": "a row ends before it begins",
        "RE508": "a row does not have the columns of its header",
        "RE509": "a claim is replaced twice",
        "RE510": "a file is absent",
        "RE511": "a file cannot be read",
        "RE512": "a file lies outside its folder",
        "RE513": "a needed column is absent",
        "RE514": "a column is stored in a way that is not exact",
        "RE515": "a column stands twice in one file",
        "RE516": "a table is given in two ways",
        "RE517": "a column has a type that its values cannot be read from",
        "RE518": "a code is stored as a number, so that leading zeros are lost",
        "RE520": "a mapping breaks its schema",
        "RE521": "a mapping fills a table or column that does not exist",
        "RE522": "a mapping's expression is wrong",
        "RE523": "a mapping's file pattern finds no file",
    }
)
