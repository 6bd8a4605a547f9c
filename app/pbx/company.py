"""The sample company: twelve people of the fairy tales, their phones, our numbers and their clients."""

from dataclasses import dataclass

from app.pbx.replies import Account


@dataclass(frozen=True, slots=True)
class Did:
    """A number of the company; the label tells where it is advertised."""

    number: str
    label: str
    group: str
    logins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """Someone who calls; `responsible` is the login of the person who looks after them."""

    phone: str
    name: str
    company: str | None = None
    responsible: str | None = None


def _person(ext: int, login: str, real_name: str) -> Account:
    return Account(login, real_name, str(ext), f"79000000{ext}", f"{login}@skazka.example")


PEOPLE: tuple[Account, ...] = (
    _person(101, "vasilisa", "Василиса Премудрая"),
    _person(102, "ivan", "Иван Царевич"),
    _person(103, "alyosha", "Алёша Попович"),
    _person(104, "maria", "Марья Моревна"),
    _person(105, "emelya", "Емеля Щукин"),
    _person(106, "alyonushka", "Алёнушка Иванова"),
    _person(107, "dobrynya", "Добрыня Никитич"),
    _person(108, "finist", "Финист Соколов"),
    _person(109, "lebed", "Царевна Лебедь"),
    _person(110, "balda", "Балда Попов"),
    _person(111, "snegurochka", "Снегурочка Морозова"),
    _person(112, "ilya", "Илья Муромец"),
)

DIDS: tuple[Did, ...] = (
    Did("79000000001", "Сайт", "Отдел продаж", ("vasilisa", "ivan", "alyosha", "maria")),
    Did("79000000002", "Авито", "Отдел продаж", ("ivan", "emelya", "alyonushka")),
    Did("79000000003", "Реклама", "Отдел заказов", ("dobrynya", "finist", "lebed", "balda")),
    Did("79000000004", "Сервис", "Служба сервиса", ("snegurochka", "ilya", "balda")),
)

CLIENTS: tuple[Client, ...] = (
    Client("79000000211", "Золотая Рыбка", "ООО «Синее море»", "vasilisa"),
    Client("79000000212", "Старик Неводов", "Артель «Невод»", "vasilisa"),
    Client("79000000213", "Кот Учёный", "Лукоморье", "ivan"),
    Client("79000000214", "Марфуша Холодова", "ИП Холодова", "alyosha"),
    Client("79000000215", "Колобок Амбаров", "Пекарня «Сусек»", "maria"),
    Client("79000000216", "Лиса Патрикеевна", "ООО «Ледяная изба»", "emelya"),
    Client("79000000217", "Волк Серов", "Перевозки «Серый волк»", "ivan"),
    Client("79000000218", "Михайло Потапыч", "ООО «Теремок»", "alyonushka"),
    Client("79000000219", "Мышка Норкина", "ООО «Теремок»", "alyonushka"),
    Client("79000000220", "Садко Гусляров", "Гостиный двор", "dobrynya"),
    Client("79000000221", "Конёк Горбунов", "Доставка «До небес»", "finist"),
    Client("79000000222", "Жар Птицына", "Салон «Перо»", "lebed"),
    Client("79000000223", "Водяной Омутов", None, "snegurochka"),
    Client("79000000224", "Баба Ягина", "Гостиница «На курьих»", "ilya"),
    Client("79000000225", "Кощей Златов", "Банк «Игла»", "ilya"),
    Client("79000000226", "Аист Долгоног", None, None),
    Client("79000000227", "Хаврошечка Яблонева", "Сад «Яблонька»", "maria"),
    Client("79000000228", "Никита Кожемяка", "Мастерская «Кожа»", "balda"),
)

STRANGERS: tuple[str, ...] = tuple(f"790000003{number:02}" for number in range(20))
